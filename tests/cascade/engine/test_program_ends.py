"""A program ends: after its last line, with its log written, whether or not it closed its cascade."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

HEAD = """
import asyncio, multiprocessing, os, sys, threading, time
from concurrent.futures import ProcessPoolExecutor
from cascade import Cascade, Ladder, Price, Rung, ScriptedClient

FREE = Price(input_usd=0, output_usd=0)

def made(client=None):
    ladder = Ladder(Rung("openai/m", name="r", price=FREE, verify=[]))
    return Cascade(ladder, client=client or ScriptedClient({"r": "ok"}), log="decisions.db")

def one(i=0):
    return made().run(f"question {i}").answer
"""

WORKERS = """
if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    workers = [context.Process(target=one, args=(i,)) for i in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
"""

POOL = """
if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        print(list(pool.map(one, range(4))))
"""

PROGRAMS = {
    "module level": """
app = made()
print(app.run("hi").answer)
""",
    "function": """
def main():
    print(made().run("hi").answer)
main()
""",
    "a with block": """
with made() as app:
    print(app.run("hi").answer)
""",
    "thread": """
app = made()
thread = threading.Thread(target=lambda: print(app.run("hi").answer))
thread.start()
thread.join()
""",
    "a thread that outlives the main one": """
app = made()
def late():
    threading.main_thread().join()
    print(app.run("hi").answer)
threading.Thread(target=late).start()
""",
    "asyncio.run three times": """
app = made()
for i in range(3):
    print(asyncio.run(app.arun(f"{i}")).answer)
""",
    "a call in flight": """
asked = threading.Event()
class Slow(ScriptedClient):
    async def ask(self, call):
        asked.set()
        await asyncio.sleep(60)
app = made(Slow({}))
threading.Thread(target=app.run, args=("hi",), daemon=True).start()
asked.wait()
""",
    "unhandled exception": """
print(made().run("hi").answer)
raise RuntimeError("mine")
""",
    "sys.exit": """
print(made().run("hi").answer)
sys.exit(3)
""",
    "fork": """
app = made()
print(app.run("parent").answer, flush=True)
child = os.fork()
if child == 0:
    print(app.run("child").answer)
    sys.exit(0)
assert os.waitpid(child, 0)[1] == 0
""",
    "pre-fork": """
app = made()
children = []
for i in range(2):
    child = os.fork()
    if child == 0:
        print(app.run(f"{i}").answer)
        sys.exit(0)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
""",
    **{f"multiprocessing by {method}": WORKERS.format(method=method) for method in ("fork", "forkserver", "spawn")},
    **{f"ProcessPoolExecutor by {method}": POOL.format(method=method) for method in ("fork", "spawn")},
}
"""Programs as people write them; none closes its cascade but one."""

DECISIONS = {
    "asyncio.run three times": 3, "fork": 2, "pre-fork": 2, "multiprocessing by fork": 2, "multiprocessing by spawn": 2,
    "multiprocessing by forkserver": 2, "ProcessPoolExecutor by fork": 4, "ProcessPoolExecutor by spawn": 4,
}  # fmt: skip
"""How many requests a program runs; 1 unless named."""

EXIT_CODES = {"unhandled exception": 1, "sys.exit": 3}
RAISES = {"unhandled exception", "a call in flight"}
"""Programs that print a traceback of their own."""


def started(folder: Path, body: str) -> subprocess.Popen[str]:
    program = folder / "program.py"
    program.write_text(HEAD + body + "\n")
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", str(program)], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def logged(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "decisions.db")) as log:
        return int(log.execute("SELECT count(*) FROM decisions").fetchone()[0])


LATE = pytest.mark.skipif(
    (3, 12) <= sys.version_info < (3, 12, 2), reason="Python 3.12.0 and 3.12.1 start no thread after the main one's end"
)


@pytest.mark.parametrize(
    "way", [pytest.param(way, marks=LATE if way == "a thread that outlives the main one" else ()) for way in PROGRAMS]
)
def test_a_program_ends_with_its_log_written(tmp_path: Path, way: str) -> None:
    with started(tmp_path, PROGRAMS[way]) as program:
        out, err = program.communicate(timeout=60)  # the hang that this is about lasted for ever
    assert (program.returncode, logged(tmp_path)) == (EXIT_CODES.get(way, 0), DECISIONS.get(way, 1)), out + err
    assert "Traceback" not in err or way in RAISES, err


def test_a_sigterm_ends_it_with_what_was_answered_logged(tmp_path: Path) -> None:
    body = """
app = made()
app.run("hi")
app.log.flush()
print("ready", flush=True)
time.sleep(600)
"""
    with started(tmp_path, body) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
        program.send_signal(signal.SIGTERM)
        assert program.wait(timeout=60) == -signal.SIGTERM
    assert logged(tmp_path) == 1


def test_a_cascade_that_nobody_holds_any_more_gives_its_thread_back(tmp_path: Path) -> None:
    body = """
import gc
print(one(), flush=True)
gc.collect()
assert [thread.name for thread in threading.enumerate()] == ["MainThread"], threading.enumerate()
"""
    with started(tmp_path, body) as program:
        out, err = program.communicate(timeout=60)
    assert program.returncode == 0, out + err


def test_what_is_observed_at_the_end_still_has_threads_to_work_in(tmp_path: Path) -> None:
    body = """
from cascade import Settings
class InThread(ScriptedClient):
    async def ask(self, call):
        return await asyncio.to_thread(time.sleep, 0.02) or await super().ask(call)
ladder = Ladder(*(Rung(f"openai/{name}", name=name, price=FREE, verify=[]) for name in ("small", "top")))
client = InThread({"small": "ok", "top": "ok"})
app = Cascade(ladder, client=client, log="decisions.db", settings=Settings(mode="observe"))
print(app.run("hi").answer)
"""
    with started(tmp_path, body) as program:
        out, err = program.communicate(timeout=60)
    assert program.returncode == 0, out + err
    with closing(sqlite3.connect(tmp_path / "decisions.db")) as log:
        seen = log.execute("SELECT rung, failure FROM observed_attempts ORDER BY position").fetchall()
    assert seen == [("small", None), ("top", None)], err
