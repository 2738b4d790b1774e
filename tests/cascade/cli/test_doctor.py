"""`cascade doctor`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cascade.doctor.checks import BROKEN_LITELLM


def test_a_healthy_place_is_told_as_healthy(cli, configured):
    found = json.loads(cli("doctor", "--json").stdout)
    states = {check["check"]: check["state"] for check in found["checks"]}
    assert found["ok"]
    assert states["configuration"] == states["package verifiers"] == states["price of small"] == "ok"
    assert states["policy"] == "warning"


def test_a_broken_configuration_is_exit_code_2_and_told_with_its_line(cli, folder):
    Path("cascade.yaml").write_text("ladder:\n  - modle: x\n")
    done = cli("doctor")
    assert done.exit_code == 2
    assert "cascade.yaml, line 2: ladder[0].modle" in done.stdout


def test_an_unknown_price_and_a_missing_key_are_told(cli, folder):
    Path("cascade.yaml").write_text("ladder: [{model: openai/unheard-of}]\n")
    done = cli("doctor")
    assert done.exit_code == 2
    assert "No price is known" in done.stdout
    assert "OPENAI_API_KEY is not set" in done.stdout


def test_a_ladder_against_its_prices_is_doubted(cli, folder):
    text = "ladder: [{model: embedded/large}, {model: embedded/small}]\n"
    Path("cascade.yaml").write_text(text)
    done = cli("doctor")
    assert "order of the ladder: embedded/large" in done.stdout
    assert done.exit_code == 0


@pytest.mark.parametrize("content", [b"no database", b""])
def test_a_log_that_is_no_log_is_told(cli, configured, content):
    Path("decisions.db").write_bytes(content or b"SQLite format 3\x00" + b"\x00" * 100)
    assert cli("doctor").exit_code == 2


def test_the_excluded_versions_of_litellm_are_named():
    assert {"1.82.7", "1.82.8", "1.106.1", "1.106.2", "1.107."} <= set(BROKEN_LITELLM)


def test_doctor_looks_at_every_endpoint_of_a_rung(cli, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cascade.yaml").write_text(
        "ladder:\n"
        "  - model: openai/gpt-5-nano\n"
        "    name: small\n"
        "    endpoints:\n"
        "      - {name: own, api_key: '${KEY_OF_OURS}'}\n"
        "      - {name: eu, model: azure/nobody-knows}\n"
    )
    monkeypatch.setenv("KEY_OF_OURS", "none-1234567")
    told = {check["check"]: check["state"] for check in json.loads(cli("doctor", "--json").stdout)["checks"]}
    assert (told["key of small at own"], told["key of small at eu"]) == ("ok", "warning")
    assert (told["price of small at own"], told["price of small at eu"]) == ("ok", "error")
