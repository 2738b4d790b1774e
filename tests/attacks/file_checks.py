"""Checks of hostile files: requests, samples, configurations, policies, names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cascade import Cascade, ConfigError, DataError, Ladder, Policy, Request, Rung, ScriptedClient
from cascade.bulk.request_file import read_requests
from cascade.config import load_config
from cascade.config.document import parse_document
from cascade.exchange import is_name
from cascade.files import write_atomically
from cascade.hashing import fingerprint
from cascade.samples.jsonl import read_samples
from tests.attacks.matrix import Case
from tests.attacks.quiet import quiet
from tests.opinions import ladder, policy


def request_refused(case: Case, folder: Path) -> None:
    """A line of requests that asks for this stops the run before the first call."""
    path = folder / "requests.jsonl"
    path.write_text(json.dumps({"id": "a", "prompt": "x", **case.input}) + "\n")
    with pytest.raises(DataError, match=case.expected.get("says", "Request 'a'")):
        read_requests(path)


def request_ignored(case: Case, folder: Path) -> None:
    """A line cannot choose the model: what it says there is not looked at."""
    path = folder / "requests.jsonl"
    path.write_text(json.dumps({"id": "a", "prompt": "x", **case.input}) + "\n")
    client = ScriptedClient(default="4")
    with Cascade(Ladder(Rung("m/small", verify=())), client=client) as app:
        app.run_many(read_requests(path))
    assert {(call.model, call.api_base) for call in client.calls} == {("m/small", None)}


def samples_refused(case: Case, folder: Path) -> None:
    """A file of samples that holds this is refused with its line."""
    path = folder / case.expected.get("file", "samples.jsonl")
    path.write_bytes(case.input.encode("utf-8", "surrogatepass"))
    with pytest.raises(DataError, match=case.expected["says"]):
        list(read_samples(path))


def config_refused(case: Case, folder: Path) -> None:
    """A configuration that holds this is refused with file and line."""
    path = folder / "cascade.yaml"
    path.write_text(case.input, encoding="utf-8")
    with pytest.raises(ConfigError, match=case.expected.get("says")) as found:
        load_config(path)
    assert str(path) in str(found.value)
    assert len(str(found.value)) < 1500


def yaml_value(case: Case, folder: Path) -> None:
    """This YAML means exactly this, and nothing is opened for it."""
    path = folder / "any.yaml"
    with quiet():
        assert parse_document(case.input, path).value == case.expected["value"]


def policy_refused(case: Case, folder: Path) -> None:
    """A policy changed like this is refused, though its sha256 fits the change."""
    body = policy(ladder("small", "large"), (0.5, 0.0)).to_json()
    for place, value in case.input.items():
        _put(body, place.split("."), value)
    del body["sha256"]
    if not case.expected.get("unsigned"):
        with_sum = json.loads(json.dumps(body))
        body["sha256"] = fingerprint(with_sum) if _finite(body) else "0" * 64
    if "sha256" in case.input:
        body["sha256"] = case.input["sha256"]
    path = folder / "policy.json"
    path.write_text(json.dumps(body))
    with pytest.raises(ConfigError, match=case.expected.get("says")) as found:
        Policy.load(path)
    assert str(path) in str(found.value)


def policy_bytes(case: Case, folder: Path) -> None:
    """What is no policy at all is refused, and never executed."""
    path = folder / "policy.json"
    path.write_bytes(case.input.encode("latin-1"))
    with pytest.raises(ConfigError):
        Policy.load(path)
    assert sorted(entry.name for entry in folder.iterdir()) == ["policy.json"]


def name_refused(case: Case, folder: Path) -> None:
    """It names no task, in a request, a line or a configuration; and no file appears anywhere."""
    assert not is_name(case.input)
    with pytest.raises(ConfigError):
        Request.of("x", task=case.input)
    path = folder / "requests.jsonl"
    path.write_text(json.dumps({"id": "a", "prompt": "x", "task": case.input}) + "\n")
    with pytest.raises((DataError, ConfigError)):
        read_requests(path)
    config = folder / "cascade.yaml"
    config.write_text(json.dumps({"ladder": [{"model": "m/small"}], "tasks": {case.input: {}}}))
    with pytest.raises(ConfigError):
        load_config(config)
    assert sorted(entry.name for entry in folder.iterdir()) == ["cascade.yaml", "requests.jsonl"]


def link_replaced(case: Case, folder: Path) -> None:
    """Writing where a link lies replaces the link; what it points at stays as it was."""
    target, link = folder / "target", folder / case.input
    target.write_text("precious")
    link.symlink_to(target)
    write_atomically(link, "new")
    assert target.read_text() == "precious"
    assert not link.is_symlink()
    assert link.read_text() == "new"
    if os.name == "posix":
        assert link.stat().st_mode & 0o077 == 0


def _put(body: Any, place: list[str], value: Any) -> None:
    for part in place[:-1]:
        body = body[int(part)] if part.isdigit() else body[part]
    key: Any = int(place[-1]) if place[-1].isdigit() else place[-1]
    body[key] = value


def _finite(body: Any) -> bool:
    return not any(word in json.dumps(body) for word in ("NaN", "Infinity"))
