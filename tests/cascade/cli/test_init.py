"""`cascade init`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import yaml

from cascade.config import load_config

SETTING = re.compile(r"\s*# +[a-z_]+:")
"""A setting that is commented out."""


def test_what_init_writes_loads_and_fits_its_own_schema(cli, folder):
    done = cli("init")
    assert (done.exit_code, done.stdout) == (0, "cascade.yaml\n")
    assert load_config("cascade.yaml").ladder.names == ("small", "top")
    described = json.loads(Path("cascade.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(described)
    jsonschema.validate(yaml.safe_load(Path("cascade.yaml").read_text()), described)
    assert Path("cascade.yaml").read_text().startswith("# yaml-language-server: $schema=cascade.schema.json")


def test_everything_commented_in_the_template_can_be_uncommented(cli, folder, monkeypatch):
    cli("init")
    _, ladder, body = Path("cascade.yaml").read_text().partition("ladder:\n")
    lines = [line.replace("# ", "", 1) if SETTING.match(line) else line for line in body.splitlines()]
    Path("invoice.schema.json").write_text("{}")
    Path("cascade.yaml").write_text("\n".join([ladder, *lines]))
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    config = load_config("cascade.yaml")
    assert config.targets == {"invoices": {"escalation_rate": 0.25}}
    assert config.settings.on_uncalibrated == "pass_marks"


def test_init_overwrites_only_when_forced(cli, folder):
    Path("cascade.yaml").write_text("mine")
    refused = cli("init")
    assert (refused.exit_code, "--force" in refused.stderr) == (2, True)
    assert Path("cascade.yaml").read_text() == "mine"
    assert cli("init", "--force").exit_code == 0


def test_init_into_a_folder_that_is_not_there_is_one_sentence(cli, folder):
    refused = cli("init", "absent")
    assert refused.exit_code == 2
    assert refused.stderr.startswith("Error: ")
    assert len(refused.stderr.splitlines()) == 1
