"""Build the wheel, install it outside the clone, and try out what it does alone and with each of its extras.

Everything is installed by pip, as a user would, at the versions of requirements-dev.lock. The core is installed once;
each extra goes on top of it into an environment of its own, so that nothing but its own requirements is there. Ends
with 1 at the first thing that does not work.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
DISTRIBUTION = "calibrated-cascade"
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")
SERVE = """
import sys
from cascade import Cascade, Ladder, Rung
ladder = Ladder(*(Rung(f"embedded/{name}", name=name) for name in ("small", "medium", "large")))
with Cascade(ladder, verify=["refusal", "schema", "logprob"], log="served.db", strict=False) as app:
    result = app.run("Two green lamps to Oslo by 3 June, please", task="elsewhere")
assert result.outcome == "accepted", result
assert not {"scipy", "sklearn", "calibration"} & set(sys.modules)
"""
TRACED = """
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
trace.set_tracer_provider(provider)
from cascade import Cascade, Ladder, Rung, ScriptedClient
with Cascade(Ladder(Rung("a/a", name="a", verify=[])), client=ScriptedClient(default="yes")) as app:
    app.run("?")
assert len(spans.get_finished_spans()) >= 2
OTLPSpanExporter(endpoint="http://127.0.0.1:1")
"""


CLAUDE = """\
ladder:
  - {model: anthropic/claude-haiku-4-5, api_base: "http://127.0.0.1:1", api_key: none}
verify: [refusal]
"""


class Place:
    """An environment outside the clone, and a folder to work in."""

    def __init__(self, folder: Path, name: str, *, below: Path | None = None) -> None:
        self.work = folder / f"{name or 'core'}-work"
        self.work.mkdir()
        made = folder / (name or "core")
        run([sys.executable, "-m", "venv", *([] if below is None else ["--without-pip"]), str(made)], folder)
        self.python = made / "bin" / "python"
        (self.site,) = made.glob("lib/python*/site-packages")
        if below is not None:  # what is installed below counts as installed here
            (self.site / "below.pth").write_text(f"{below}\n")

    def install(self, *what: str) -> None:
        """Install with pip; nothing is compiled, since nothing runs for long."""
        run([str(self.python), *PIP, "install", "--quiet", "--no-compile", *what], self.work)

    def cascade(self, *arguments: str, code: int = 0) -> str:
        """Run the command, whose exit code is looked at; returns what it said."""
        return run([str(self.python), "-m", "cascade", *arguments], self.work, code=code)

    def script(self, text: str) -> None:
        """Run a few lines of Python."""
        run([str(self.python), "-W", "ignore", "-c", text], self.work)


def run(command: list[str], folder: Path, *, code: int = 0) -> str:
    """Run a command in a clean environment; a wrong exit code ends this script."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "CASCADE"))
    }
    ended = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=600)
    if ended.returncode != code:
        sys.exit(f"{' '.join(command)}\nended with {ended.returncode}, expected {code}\n{ended.stdout}{ended.stderr}")
    return ended.stdout + ended.stderr


def build(folder: Path) -> Path:
    """Build the wheel from a copy, so that no earlier build is in it, with the pinned setuptools."""
    tree = folder / "tree"
    for name in ("cascade", "verifiers", "calibration"):
        shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    run(
        [
            sys.executable,
            *PIP,
            "wheel",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--no-build-isolation",
            "-w",
            ".",
            "./tree",
        ],
        folder,
    )
    (built,) = folder.glob("*.whl")
    return built


def expect(found: str, *texts: str) -> None:
    """End this script where a text is missing."""
    for text in texts:
        if text not in found:
            sys.exit(f"expected {text!r} in:\n{found[-3000:]}")


def core(place: Place, made: Path) -> None:
    """Alone, it runs, serves a policy and logs; what needs an extra says which."""
    place.script(SERVE)
    shutil.copytree(made, place.work / "demo", ignore=shutil.ignore_patterns("results*"))
    asked = '{"prompt": "Two green lamps to Oslo by 3 June, please", "task": "orders"}\n'
    (place.work / "requests.jsonl").write_text(asked)
    with (place.work / "demo" / "cascade.yaml").open("a") as config:
        config.write("policy: policy.json\n")
    place.cascade("run", "-c", "demo/cascade.yaml", "--input", "requests.jsonl", "--output", "results.jsonl")
    (line,) = (place.work / "results.jsonl").read_text().splitlines()
    if not json.loads(line)["calibrated"]:
        sys.exit(f"expected a calibrated answer, found {line}")
    place.cascade("export", "demo/decisions.db", "--csv", "tables")
    expect(place.cascade("doctor"), "package cascade: ours", "package calibration: ours")
    for extra, *command in [
        ("fit", "demo", "--no-input"),
        ("fit", "calibrate", "demo/samples.jsonl", "--target-escalation", "0.2"),
        ("report", "report", "demo/decisions.db"),
        ("serve", "dashboard", "demo/decisions.db"),
        ("tables", "export", "demo/decisions.db", "--parquet", "parquet"),
        ("postgres", "report", "postgresql://a@127.0.0.1:1/b"),
    ]:
        said = place.cascade(*command, code=2)
        expect(said, f"pip install '{DISTRIBUTION}[{extra}]'")
        if len(said.strip().splitlines()) != 1:
            sys.exit(f"expected one sentence, found:\n{said}")


def readme(place: Place, made: Path) -> None:
    """With what the README names, its five minutes work: demo, calibrate, replay, a report with charts."""
    place.cascade("demo", "--no-input")
    wanted = ["--rungs", "small,large", "--verifiers", "refusal,schema,logprob", "--target-escalation", "0.25"]
    place.cascade("calibrate", "demo/samples.jsonl", *wanted, "--out", "two.json", "--report", "calibrated.html")
    place.cascade("replay", "demo/fresh.jsonl", "--policy", "two.json")
    place.cascade("report", "demo/decisions.db", "--html", "report.html")
    for page in ("calibrated.html", "report.html"):
        expect((place.work / page).read_text(), "<svg", "cascadeDraw")
    shutil.copytree(place.work / "demo", made)


def fit(place: Place, made: Path) -> None:
    """Calibrates and replays."""
    wanted = ["--rungs", "small,large", "--verifiers", "logprob", "--target-escalation", "0.2"]
    place.cascade("calibrate", str(made / "samples.jsonl"), *wanted, "--out", "p.json")
    place.cascade("replay", str(made / "fresh.jsonl"), "--policy", "p.json")


def report(place: Place, made: Path) -> None:
    """Reports, with charts."""
    place.cascade("report", str(made / "decisions.db"), "--html", "report.html")
    expect((place.work / "report.html").read_text(), "<svg", "cascadeDraw")


def serve(place: Place, made: Path) -> None:
    """Shows the dashboard and its metrics."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(place.python), "-m", "cascade", "dashboard", str(made / "decisions.db"), "--port", str(port)]
    with subprocess.Popen(command, cwd=place.work, stderr=subprocess.PIPE, text=True) as server:
        try:
            until = time.monotonic() + 60
            while not _up(f"http://127.0.0.1:{port}/health"):
                if server.poll() is not None or time.monotonic() > until:
                    server.kill()
                    sys.exit(f"the dashboard did not come up: {server.communicate()[1]}")
                time.sleep(0.2)
            expect(_read(f"http://127.0.0.1:{port}/"), "orders", "Charts need the extra")
            expect(_read(f"http://127.0.0.1:{port}/metrics"), "cascade_decisions_total")
        finally:
            server.terminate()


def tables(place: Place, made: Path) -> None:
    """Writes Parquet."""
    place.cascade("export", str(made / "decisions.db"), "--parquet", "parquet")
    place.script("import pyarrow.parquet as pq; assert pq.read_table('parquet/decisions.parquet').num_rows == 600")


def postgres(place: Place, made: Path) -> None:
    """Reaches for the server (there is none here), and has the migrations."""
    del made
    expect(place.cascade("report", "postgresql://a@127.0.0.1:1/b", code=3), "127.0.0.1")
    place.script("import cascade.log.migrations, alembic.command, psycopg")


def anthropic(place: Place, made: Path) -> None:
    """Reaches for Anthropic's batches (there are none here)."""
    del made
    (place.work / "claude.yaml").write_text(CLAUDE)
    (place.work / "asked.jsonl").write_text('{"prompt": "?"}\n')
    batch = ("batch", "submit", "-c", "claude.yaml", "--input", "asked.jsonl", "--output", "answered.jsonl")
    expect(place.cascade(*batch, code=3), "127.0.0.1:1 cannot be reached")


def otel(place: Place, made: Path) -> None:
    """Sends spans."""
    del made
    place.script(TRACED)


def _read(address: str) -> str:
    with urllib.request.urlopen(address, timeout=60) as answer:  # noqa: S310 - our own server on loopback
        return answer.read().decode()


def _up(address: str) -> bool:
    try:
        return bool(_read(address))
    except OSError:
        return False


TRIED: tuple[tuple[str, Callable[[Place, Path], None]], ...] = (
    ("fit,report", readme), ("", core), ("fit", fit), ("report", report), ("serve", serve), ("tables", tables),
    ("postgres", postgres), ("anthropic", anthropic), ("otel", otel),
)  # fmt: skip


def megabytes(folder: Path) -> float:
    """Return what the files of a folder take."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e6


def main() -> None:
    """Try everything, and say for each environment how large it is."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel, made = build(folder), folder / "made"
        pins = re.findall(r"^[\w.-]+==[^\s;\\]+", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE)
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(pins))
        base = Place(folder, "")
        empty, tools = megabytes(base.site), len(list(base.site.glob("*.dist-info")))
        base.install("--constraint", str(constraints), str(wheel))
        alone, count = megabytes(base.site) - empty, len(list(base.site.glob("*.dist-info"))) - tools
        for extras, job in TRIED:
            place = base if not extras else Place(folder, extras, below=base.site)
            if extras:
                place.install("--constraint", str(constraints), f"{DISTRIBUTION}[{extras}] @ file://{wheel}")
            job(place, made)
            more = megabytes(place.site) if extras else 0.0
            distributions = len(list(place.site.glob("*.dist-info"))) if extras else 0
            size, packages = alone + more, count + distributions
            said = (job.__doc__ or "").strip()
            at = f"{time.monotonic() - began:4.0f} s"
            print(
                f"{at}  {f'[{extras}]' if extras else 'core':12} {size:4.0f} MB {packages:3} packages  {said}",
                flush=True,
            )
    print(f"The wheel works; it took {time.monotonic() - began:.0f} s.")


if __name__ == "__main__":
    main()
