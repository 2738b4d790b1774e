"""The command line itself: light, documented, and its usage errors."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from cascade.cli import app

COMMANDS = ["demo", "init", "run", "explore", "grade", "calibrate", "replay", "report", "doctor", "schema"]
HEAVY = {"litellm", "sklearn", "scipy", "sqlalchemy", "pandas", "numpy", "rich", "yaml"}


def loaded_by(*args: str) -> set[str]:
    code = f"import sys; sys.argv = ['cascade', {', '.join(map(repr, args))}]\n"
    code += (
        "from cascade.cli import main\ntry:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
    )
    code += "print('\\n' + '\\n'.join(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}


@pytest.mark.parametrize("args", [("--help",), ("calibrate", "--help"), ("--version",)])
def test_help_loads_nothing_heavy(args):
    assert not loaded_by(*args) & HEAVY


def test_import_cascade_loads_nothing_heavy():
    code = "import sys, cascade; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {name.partition(".")[0] for name in done.stdout.split()} & HEAVY


def test_python_m_cascade_is_the_same_command_line():
    done = subprocess.run([sys.executable, "-m", "cascade", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("cascade 0.")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_page(cli, command):
    shown = cli(command, "--help")
    assert shown.exit_code == 0
    assert "Usage: " in shown.stdout


def test_the_commands_are_there_in_the_order_of_the_work():
    offered = [command.callback.__name__ for command in app.registered_commands]
    assert [name for name in offered if name in COMMANDS] == COMMANDS


@pytest.mark.parametrize("args", [("nonsense",), ("run", "--nonsense"), ("replay", "x.jsonl"), ("schema", "nonsense")])
def test_a_usage_error_is_exit_code_2(cli, args):
    assert cli(*args).exit_code == 2


@pytest.mark.parametrize("kind", ["config", "samples", "policy"])
def test_schema_prints_one_json_schema(cli, kind):
    described = json.loads(cli("schema", kind).stdout)
    assert described["$schema"].endswith("2020-12/schema")
    assert described["properties"]
