"""A cold start costs no request anything: imports stand outside every clock; a fork or an exit in their midst ends."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from concurrent.futures import Future
from pathlib import Path

import pytest

from cascade.clients.scripted import ScriptedClient
from cascade.engine.cascade import Cascade
from cascade.engine.clock import RequestClock
from tests.opinions import ladder, policy

RUNGS = ladder("small", "large")


class Cold(ScriptedClient):
    """A client whose first call has to wait for an import."""

    def __init__(self, imported: Future[None]) -> None:
        super().__init__({"small": "0.9", "large": "0.9"})
        self.imported = imported

    def warming(self, call):
        return None if self.imported.done() else asyncio.wrap_future(self.imported)


def test_an_import_is_no_part_of_deadline_or_latency():
    imported: Future[None] = Future()

    async def late() -> None:
        waiting = asyncio.ensure_future(app.arun("?", deadline_s=1.0))
        await asyncio.sleep(1.1)  # until the deadline would have passed
        imported.set_result(None)
        results.append(await waiting)

    results = []
    with Cascade(RUNGS, client=Cold(imported), policy=policy(RUNGS, (0.5, 0.0))) as app:
        asyncio.run(late())
    assert results[0].outcome == "accepted"
    assert results[0].latency_s < 1.0


def test_an_import_that_fails_fails_the_call_and_nothing_else():
    imported: Future[None] = Future()
    imported.set_exception(ImportError("broken"))
    with Cascade(RUNGS, client=Cold(imported), policy=policy(RUNGS, (0.5, 0.0))) as app:
        assert app.run("?").outcome == "accepted", "the client itself says what came of it"


def test_several_pauses_at_once_pause_a_clock_once():
    async def two() -> float:
        clock = RequestClock(time.monotonic() - 1.0, 10.0)
        gate = asyncio.Event()
        pauses = [asyncio.ensure_future(clock.pause_for(gate.wait())) for _ in range(2)]
        await asyncio.sleep(0)
        before = clock.elapsed_s()
        await asyncio.sleep(0.02)
        during = clock.elapsed_s()
        gate.set()
        await asyncio.gather(*pauses)
        assert during == pytest.approx(before, abs=1e-6)
        return clock.elapsed_s()

    assert 1.0 <= asyncio.run(two()) < 10.0


NEVER_ENDS = """
import contextlib, importlib, pathlib, time
pathlib.Path('importing').touch()
for n in range(60_000):
    time.sleep(0.01)
    with contextlib.suppress(ImportError):
        {each}
"""


@pytest.fixture(params=["pass", "importlib.import_module(f'absent{n}')"], ids=["in one module", "module after module"])
def litellm_that_never_ends(tmp_path: Path, request) -> dict[str, str]:
    """Give an environment in which `import litellm` takes ten minutes."""
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "__init__.py").write_text(NEVER_ENDS.format(each=request.param))
    return {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


PROGRAM = """
import os, pathlib, sys, time
from cascade import Cascade, Ladder, Price, Rung
app = Cascade(Ladder(Rung("anthropic/m", name="r", price=Price(input_usd=0, output_usd=0), api_key="none", verify=[])))
while not pathlib.Path("importing").exists():
    time.sleep(0.01)
print("importing", flush=True)
{then}
"""


@pytest.mark.parametrize("then", ["", "sys.exit(0)", "app.close()"])
def test_a_program_that_ends_during_the_import_ends(tmp_path, litellm_that_never_ends, then):
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(then=then)], cwd=tmp_path, env=litellm_that_never_ends,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout) == (0, "importing\n"), ended.stderr


def test_what_the_end_of_a_program_imports_is_imported_after_an_import_was_ended(tmp_path, litellm_that_never_ends):
    """A lock of the import system that the ended thread still held would hold the main thread for ever."""
    late = "import atexit\n\n@atexit.register\ndef late():\n    import colorsys\n    print(colorsys.__name__)\n"
    ended = subprocess.run(
        [sys.executable, "-c", late + PROGRAM.format(then="")], cwd=tmp_path, env=litellm_that_never_ends,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout.split()) == (0, ["importing", "colorsys"]), ended.stderr


def test_a_fork_during_the_import_waits_for_it_and_the_child_can_import(tmp_path):
    (tmp_path / "litellm").mkdir()
    (tmp_path / "litellm" / "__init__.py").write_text(
        "import pathlib, time\npathlib.Path('importing').touch()\nfor _ in range(30):\n    time.sleep(0.01)\n"
    )
    then = """
child = os.fork()
if child == 0:
    import litellm
    print("imported", flush=True)
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(then=then)], cwd=tmp_path, env=env, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stdout.split()) == (0, ["importing", "imported"]), ended.stderr


def test_a_deadline_shorter_than_the_import_of_litellm_is_kept_by_a_cold_process(tmp_path, server):
    """`cascade run --deadline 1` in a process that has to import litellm first; the rung answers at once."""
    (tmp_path / "cascade.yaml").write_text(
        f'ladder: [{{model: openai/ok, api_base: "{server.url}", api_key: none, client: litellm, '
        "price: {input_usd: 1e-6, output_usd: 1e-6}}]\nverify: [refusal]\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "cascade", "run", "hi", "--deadline", "1", "--json"], cwd=tmp_path, capture_output=True,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["outcome"] == "accepted"
    assert len(server.hits) == 1
