"""Run one client's programs against a server; the driver names a program a line and reads what came of it.

python tests/road/served/run.py MODULE BASE FLAKY, where FLAKY drops the first request of every connection's.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNKNOWN = "cascade/no-such-task"
os.environ.setdefault("OPENAI_API_KEY", "none")


def main(name: str, base: str, flaky: str) -> None:
    """Answer each line of stdin by one line of JSON: how it ended, and what was said."""
    warnings.simplefilter("ignore")
    sys.path.insert(0, str(Path(__file__).parent))
    client = importlib.import_module(name)
    programs: dict[str, Callable[[], Any]] = {
        "chat": lambda: wanted(client.chat(base), "Oslo"),
        "stream": lambda: wanted("".join(client.stream(base)), "Oslo"),
        "tools": lambda: wanted(client.tools(base), "umbrella"),
        "structured": lambda: wanted(json.dumps(client.structured(base), sort_keys=True), '{"item": "lamp", "qty": 2}'),
        "errors": lambda: refused(lambda: client.chat(base, UNKNOWN)),
        "retry": lambda: wanted(client.chat(flaky), "Oslo"),
    }
    needed = {"retry": "chat", "errors": "chat"}
    for line in sys.stdin:
        program = line.strip()
        if not hasattr(client, needed.get(program, program)):
            tell({"ended": "none"})
            continue
        try:
            tell({"ended": "green", "said": programs[program]()})
        except BaseException as error:  # noqa: BLE001 - what a client fails by is the result
            traceback.print_exc()
            tell({"ended": "red", "said": f"{type(error).__name__}: {error}"[:300]})


def tell(what: dict[str, Any]) -> None:
    """Answer the driver."""
    print(f"\nROAD {json.dumps(what)}", flush=True)  # noqa: T201 - what the driver reads


def wanted(found: str, part: str) -> str:
    """Return what was said, if it holds what it should."""
    assert part in found, found
    return found


def refused(ask: Callable[[], Any]) -> str:
    """Return the class of the client's own error for an unknown model."""
    try:
        found = ask()
    except Exception as error:  # noqa: BLE001 - each client has its own
        wanted(f"{error} {error.__cause__!r}", "does not exist here")
        return type(error).__name__
    raise AssertionError(found)


if __name__ == "__main__":
    main(*sys.argv[1:])
