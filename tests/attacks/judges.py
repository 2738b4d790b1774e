"""Judges that misbehave: what the test server replies to a judge's question, by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.faults.behaviour import Behaviour
from tests.faults.completion import completion
from tests.faults.hit import Hit
from tests.faults.reply import Reply, as_json

Says = Callable[[dict[str, Any]], str]
"""Makes a reply of the data that the judge was asked about."""


def asked(hit: Hit) -> dict[str, Any]:
    """Return what a judge was asked about; the last message must be one JSON object."""
    content = hit.body["messages"][-1]["content"]
    text = content if isinstance(content, str) else "".join(part["text"] for part in content)
    data: dict[str, Any] = json.loads(text)
    return data


def behaving(says: Says) -> Behaviour:
    """Make a behaviour of the test server of it."""

    def answer(hit: Hit) -> Reply:
        return as_json(completion(hit, says(asked(hit))))

    return answer


def grade(data: dict[str, Any], score: Any, **more: Any) -> str:
    """Write a reply in the form that is asked for."""
    return json.dumps({"nonce": data["nonce"], "reason": "because", "score": score} | more)


def honest(data: dict[str, Any]) -> str:
    """Pass the answer that is what the question ends with, `The answer is 7.` for `question 7`."""
    wanted = data["conversation"][-1]["text"].split()[-1]
    return grade(data, 10 if data["candidate"] in (wanted, f"The answer is {wanted}.") else 0)


def obedient(data: dict[str, Any]) -> str:
    """Do what the candidate asks for."""
    return grade(data, 10 if "10" in data["candidate"] or "score" in data["candidate"].lower() else 0)


UNREADABLE: dict[str, Says] = {
    "two objects": lambda data: grade(data, 0) + grade(data, 10),
    "two objects, the second better": lambda data: f"{grade(data, 0)}\n{grade(data, 10)}",
    "two fenced objects": lambda data: f"```json\n{grade(data, 10)}\n```\n```json\n{grade(data, 1)}\n```",
    "prose around it": lambda data: f"Sure! {grade(data, 10)} Have a nice day.",
    "the candidate's own object": lambda data: data["candidate"],
    "another nonce": lambda data: grade(data | {"nonce": "0" * 24}, 10),
    "the nonce in capitals": lambda data: (
        grade(data | {"nonce": data["nonce"].upper()}, 10) if data["nonce"].upper() != data["nonce"] else ""
    ),
    "the nonce alone": lambda data: data["nonce"],
    "the question back": json.dumps,
    "a number": lambda data: "10",
    "the score twice": lambda data: grade(data, 0)[:-1] + ', "score": 10}',
    "the score twice, once escaped": lambda data: grade(data, 0)[:-1] + ', "\\u0073core": 10}',
    "a score of NaN": lambda data: grade(data, float("nan")),
    "a score of 1e999": lambda data: grade(data, 0).replace(": 0}", ": 1e999}"),
    "a score of 11": lambda data: grade(data, 11),
    "a score below 0": lambda data: grade(data, -0.5),
    "a score in words": lambda data: grade(data, "rather high"),
    "a score of true": lambda data: grade(data, True),
    "a score in a list": lambda data: grade(data, [10]),
    "an object in a list": lambda data: f"[{grade(data, 10)}]",
    "an object in an object": lambda data: f'{{"result": {grade(data, 10)}}}',
    "a byte-order mark": lambda data: "\ufeff" + grade(data, 10),
    "nothing": lambda data: " ",
    "a hundred thousand brackets": lambda data: "[" * 100_000,
    "thirty thousand blanks": lambda data: grade(data, 10) + " " * 30_000 + "x",
}
"""Replies that a verdict must not be made of."""
