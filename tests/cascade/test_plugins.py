"""Plugins: all verifiers are registered by entry points, and only named ones are loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from cascade.errors import ConfigError
from cascade.ladder import Ladder, Rung
from cascade.plugins import DEFAULT, registered, resolve, verifier
from tests.opinions import Says


def test_our_own_verifiers_come_by_entry_point() -> None:
    assert {"agreement", "check", "hedging", "judge", "logprob", "refusal", "schema"} <= set(registered())
    assert [verifier(name).name for name in DEFAULT] == list(DEFAULT)
    assert verifier({"logprob": {"pass-at": 0.9}}).pass_at == 0.9


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Install a distribution with a verifier of its own into a folder on the path."""
    (tmp_path / "elsewhere.py").write_text(
        dedent("""
            from cascade.verdict import Verdict, Verifier

            class Polite(Verifier):
                name = "polite"
                inline = True
                def check(self, exchange):
                    return Verdict(score=float("please" in exchange.response.text))

            class NotOne:
                pass
        """)
    )
    info = tmp_path / "elsewhere-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[cascade.verifiers]\npolite = elsewhere:Polite\nnot-one = elsewhere:NotOne\nbroken = elsewhere_not_there:X\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registered.cache_clear()
    yield "polite"  # type: ignore[misc]
    registered.cache_clear()
    sys.modules.pop("elsewhere", None)


def test_a_third_partys_verifier_is_found_by_name_and_not_loaded_before(third_party: str) -> None:
    assert third_party in registered()
    assert "elsewhere" not in sys.modules, "nothing is loaded unless it is named"
    rungs = resolve(Ladder(Rung("test/a", verify=(third_party,))))
    assert rungs[0].verifiers[0].name == "polite"


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("not-one", "a cascade Verifier was expected"),
        ("broken", "cascade doctor"),
        ("astrology", "registered are: agreement"),
        ({"schema": {}, "hedging": {}}, "one name with its options"),
        ({"logprob": {"surprise": 1}}, "does not take these options"),
        (7, "a name"),
    ],
)
@pytest.mark.usefixtures("third_party")
def test_what_cannot_be_had_is_said(spec: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        verifier(spec)


def test_rungs_that_name_none_get_the_default_and_two_of_one_name_are_refused() -> None:
    rungs = resolve(Ladder(Rung("test/a"), Rung("test/b", verify=())), ["hedging"])
    assert [[v.name for v in rung.verifiers] for rung in rungs] == [["hedging"], []]
    with pytest.raises(ConfigError, match="different names"):
        resolve(Ladder(Rung("test/a", verify=(Says(), Says()))))


def test_a_tasks_own_rungs_are_looked_up_too() -> None:
    rungs = Ladder(Rung("test/a"), tasks={"t": [Rung("test/a", verify=("hedging",))]})
    assert [v.name for v in resolve(rungs).of("t")[0].verifiers] == ["hedging"]
    assert resolve(rungs).fingerprint() != resolve(Ladder(Rung("test/a"))).fingerprint()
