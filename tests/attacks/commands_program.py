"""Runs several commands one after another, as one process on one terminal: litellm is imported once."""

from __future__ import annotations

import json
import sys

from cascade.cli import app

if __name__ == "__main__":
    for arguments in json.loads(sys.argv[1]):
        try:
            app(arguments, prog_name="cascade")
        except SystemExit as ended:
            print(f"== {arguments[0]} ended with {ended.code or 0}", flush=True)  # noqa: T201 - this is its report
