"""The package's contract."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points

import pytest
from hypothesis import given as law
from hypothesis import strategies as st

import verifiers
from cascade.verdict import Verifier
from tests.verifiers.exchanges import exchange, judge, tokens

BUILT_IN = [
    verifiers.Agreement(),
    verifiers.Check(bool),
    verifiers.Arithmetic(),
    verifiers.Hedging(),
    verifiers.Judge("maker/strong"),
    verifiers.Learned(),
    verifiers.LogProb(),
    verifiers.Refusal(),
    verifiers.Schema(),
]


def test_the_public_names_are_these_and_the_package_says_whose_it_is() -> None:
    assert verifiers.__all__ == [
        "Agreement",
        "Arithmetic",
        "Check",
        "Hedging",
        "Judge",
        "Learned",
        "LogProb",
        "Refusal",
        "Schema",
        "SkipIfConfident",
    ]
    assert verifiers.__distribution__ == "calibrated-cascade"


@pytest.mark.parametrize("verifier", BUILT_IN, ids=lambda verifier: verifier.name)
def test_each_is_named_after_itself_and_describes_itself_as_json(verifier: Verifier) -> None:
    described = verifier.describe()
    assert described["name"] == type(verifier).__name__.lower()
    assert described["version"]
    assert "object at" not in repr(verifier)


@pytest.mark.parametrize("verifier", BUILT_IN, ids=lambda verifier: verifier.name)
def test_each_can_be_renamed_and_its_pass_mark_set(verifier: Verifier) -> None:
    first = {"check": [bool], "judge": ["maker/strong"]}.get(verifier.name, [])
    renamed = type(verifier)(*first, name="mine", pass_at=0.9)
    assert (renamed.name, renamed.pass_at) == ("mine", 0.9)


@pytest.mark.parametrize("verifier", BUILT_IN[2:4] + BUILT_IN[5:], ids=lambda verifier: verifier.name)
def test_pure_ones_decide_without_asking(verifier: Verifier) -> None:
    with pytest.raises(StopIteration):
        next(verifier.flow(exchange("4")))


def test_importing_them_loads_nothing_heavy() -> None:
    heavy = "'litellm', 'sklearn', 'scipy', 'pandas', 'numpy'"
    code = f"import sys, verifiers; print([name for name in ({heavy}) if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_entry_points_name_the_submodules() -> None:
    found = {entry.name: entry.value for entry in entry_points(group="cascade.verifiers")}
    if not found:
        pytest.skip("the project is not installed in this environment")
    assert found["judge"] == "verifiers.judge:Judge"


@law(
    st.text() | st.text(alphabet='{}[]":,`\\ntrue1.e-<>/k ', max_size=60),
    st.none() | st.just({}) | st.just({"type": "object"}),
    st.none() | st.text(max_size=10),
)
def test_no_answer_makes_one_raise(text: str, schema: dict[str, str] | None, finish: str | None) -> None:
    given = exchange(text, schema=schema, finish_reason=finish, earlier={"below": text}, logprobs=tokens(-1.0))
    for verifier in (*BUILT_IN, verifiers.LogProb(tokens="values"), verifiers.Judge("a/b")):
        if verifier.name != "check":
            verdict = judge(verifier, given, lambda call: text)
            assert verdict.score is None or 0.0 <= verdict.score <= 1.0
