"""Checks of hostile answers: what gate, parser, schema, the judge's prompt and the lexicons make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cascade import Cascade, Ladder, Price, Rung, ScriptedClient
from cascade.errors import ConfigError, SchemaRejected
from cascade.exchange import ModelCall
from cascade.reading.json_answer import find_json
from cascade.reading.strict_json import NotJson, parse_json
from cascade.settings import LadderWarning
from tests.attacks.matrix import Case
from tests.attacks.quiet import quiet
from tests.verifiers.exchanges import exchange, judge, tool_call
from verifiers.compiled_schema import compile_schema
from verifiers.hedging import Hedging
from verifiers.judge import Judge
from verifiers.judge_prompt import Grade, make_nonce, read_grade
from verifiers.refusal import Refusal
from verifiers.schema import Schema

JUDGE = "other/judge"


def fair(call: ModelCall) -> str:
    """Grade as a judge does that looks at nothing but whether the answer says 4."""
    data = json.loads(call.messages[-1]["content"])
    return json.dumps({"nonce": data["nonce"], "score": 10 if data["candidate"].split()[:1] == ["4"] else 0})


def gated(case: Case) -> None:
    """It costs no judge call, is not accepted, and goes up: through a whole cascade."""
    client = ScriptedClient({"small": case.input, "large": "4"})
    price = Price(input_usd=0.0, output_usd=0.0)
    judged = Judge(JUDGE, price=price)
    rungs = (Rung("m/small", name="small", verify=(Refusal(), judged)), Rung("m/large", name="large", verify=()))
    with Cascade(Ladder(*rungs), client=client) as app:
        result = app.run(case.expected.get("prompt", "What is 2 + 2?"))
    assert result.rung == "large"
    assert [call.rung for call in client.calls if call.verifier is None] == ["small", "large"]
    assert not [call for call in client.calls if call.verifier is not None]


def passes_gate(case: Case) -> None:
    """A short answer that may be right is shown to the judge."""
    verdict = judge(Judge(JUDGE), exchange(case.input), lambda call: fair(call).replace('"score": 0', '"score": 10'))
    assert verdict.score == 1.0


def gate_off(case: Case) -> None:
    """Where the gate is switched off, the judge decides."""
    verdict = judge(Judge(JUDGE, gate=False), exchange(case.input), lambda call: fair(call).replace(": 0}", ": 10}"))
    assert verdict.score == 1.0


def contained(case: Case) -> None:
    """In the judge's prompt it stands once, inside one JSON string, and the verdict is as without."""
    asked: list[ModelCall] = []
    verdict = judge(Judge(JUDGE), exchange(case.input), lambda call: asked.append(call) or fair(call))
    system, user = (message["content"] for message in asked[0].messages)
    data = json.loads(user)
    assert data["candidate"] == case.input
    assert set(data) == {"nonce", "conversation", "candidate"}
    assert case.input not in system
    marks = ("<", "[INST", "[/INST", "\u202e", "\u200b", "\u2028", "\ud800", "\0", "\n", "\x1b", "\U000e0041")
    assert not [mark for mark in marks if mark in user]
    assert verdict.score == judge(Judge(JUDGE), exchange(case.expected.get("without", "5 it is")), fair).score


def unreadable(case: Case) -> None:
    """A judge's reply that is not one object with our nonce and one score makes no grade."""
    nonce = make_nonce("question", 0)
    with quiet():
        assert not isinstance(read_grade(case.input.replace("NONCE", nonce), nonce), Grade)


def foreseen(case: Case) -> None:
    """The nonce of a candidate cannot be written into it: with it inside, the nonce is another."""
    asked: list[ModelCall] = []
    for text in (case.input, case.input + " NONCE"):
        if asked:
            text = text.replace("NONCE", json.loads(asked[0].messages[-1]["content"])["nonce"])  # noqa: PLW2901 - as found
        judge(Judge(JUDGE), exchange(text), lambda call: asked.append(call) or "")
    first, second = (json.loads(call.messages[-1]["content"]) for call in asked)
    assert first["nonce"] != second["nonce"]
    assert first["nonce"] in second["candidate"]


def cut(case: Case) -> None:
    """A judge sees head and tail of at most 8,000 characters, and the verdict says so."""
    asked: list[ModelCall] = []
    verdict = judge(Judge(JUDGE), exchange(case.input), lambda call: asked.append(call) or fair(call))
    assert len(json.loads(asked[0].messages[-1]["content"])["candidate"]) < 8200
    assert "candidate_cut" in verdict.flags
    assert verdict.score == 0.0


def related(case: Case) -> None:
    """A judge of the judged model's own family is warned about, and refused where the cascade is strict."""
    price = Price(input_usd=0.0, output_usd=0.0)
    rung = Rung(case.expected["judged"], verify=(Judge(case.input, price=price),), price=price)
    with pytest.warns(LadderWarning, match="own"), Cascade(Ladder(rung), client=ScriptedClient()):
        pass
    with pytest.raises(ConfigError, match="strict"):
        Cascade(Ladder(rung), client=ScriptedClient(), strict=True)


def hedged(case: Case) -> None:
    """Hedging counts a phrase once however often it stands there, in [0, 1], and in the answer only."""
    hedging = Hedging()
    with quiet():
        once, often = (hedging.check(exchange(text)) for text in (case.expected["once"], case.input))
        asked = hedging.check(exchange("It is 4.", prompt=case.input))
    assert once.score is not None
    assert often.score == once.score
    assert asked.score == hedging.check(exchange("It is 4.")).score


def schema_refused(case: Case) -> None:
    """The schema is refused when it is looked at first, or what no validator knows is named as unchecked."""
    with quiet():
        try:
            unchecked = compile_schema(case.input).unchecked
        except SchemaRejected:
            return
    assert unchecked, "a schema that no validator knows was taken as if it were checked"


def schema_decides(case: Case) -> None:
    """The schema is usable, and decides about the answer as a validator should, or says that it is too much."""
    text = case.expected["answer"]
    with quiet():
        verdict = Schema(case.input).check(exchange(text))
    assert verdict.veto is not case.expected["valid"], verdict.reason


def json_refused(case: Case) -> None:
    """Not JSON by our strict reading, alone or among prose; a line break or a last comma may be tolerated elsewhere."""
    with quiet():
        with pytest.raises(NotJson):
            parse_json(case.input)
        with pytest.raises(NotJson):
            find_json(case.input)
    schema = Schema({}, strict=True).check(exchange(case.input))
    assert schema.veto
    call = Schema().check(exchange("", tool_calls=[tool_call("f", case.input)], params={"tools": TOOLS}))
    assert call.veto or not case.input.strip()


TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]


def answer(case: Case) -> None:
    """The one documented rule finds this value, or refuses."""
    with quiet():
        if "value" in case.expected:
            found: Any = find_json(case.input).value
            assert found == case.expected["value"]
        else:
            with pytest.raises(NotJson):
                find_json(case.input)


def lookalike(case: Case) -> None:
    """What only looks like a choice is none, and the reason shows the code points."""
    given = exchange(json.dumps(case.input, ensure_ascii=False))
    verdict = Schema({"enum": case.expected.get("choices", ["yes", "no", "10"])}).check(given)
    assert verdict.veto
    assert "\\" in verdict.reason


def tool_refused(case: Case) -> None:
    """A tool call that was not offered so is vetoed."""
    verdict = Schema().check(exchange("", tool_calls=[case.input], params={"tools": TOOLS}))
    assert verdict.veto
    assert verdict.reason.isascii() or verdict.reason.isprintable()
