"""Toy order language of the embedded ladder: seeded sentences, each with its gold answer as JSON.

The answer is compact JSON with the keys item, qty, color, city, date in this order, all lower case:
`{"item":"office chair","qty":5,"color":"red","city":"lyon","date":"05-04"}`. A field the sentence leaves open is null.
Items are singular, `qty` is an integer from 1 to 99, `date` is month-day; a date in figures is day first in a sentence.
"""

import json
from dataclasses import dataclass
from random import Random
from typing import Final

from cascade.embedded import lexicon as lex

HELD_OUT_SEEDS: Final = range(1_000_000)
"""Seeds for demos, tests and benchmarks: no model was trained on them."""

TRAINING_SEEDS: Final = range(1_000_000, 2_000_000)
"""Seeds that only `tools/train_embedded.py` uses."""

SCHEMA: Final[dict[str, object]] = {
    "type": "object",
    "properties": {
        "item": {"type": ["string", "null"], "minLength": 1},
        "qty": {"type": ["integer", "null"], "minimum": 1, "maximum": 99},
        "color": {"type": ["string", "null"], "minLength": 1},
        "city": {"type": ["string", "null"], "minLength": 1},
        "date": {"type": ["string", "null"], "pattern": "^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
    },
    "required": ["item", "qty", "color", "city", "date"],
    "additionalProperties": False,
}
"""JSON Schema of an answer; a wrong answer can satisfy it too."""

Value = str | int | None
_MORE: Final = 9
"""The largest number added by "and 2 more"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One sentence of the language with its gold answer."""

    sentence: str
    """What the customer wrote, with typing errors, corrections and asides."""
    gold: str
    """The gold answer: compact JSON, keys in fixed order."""


def orders(n: int, seed: int) -> list[Order]:
    """Return the first `n` orders of a seed; a larger `n` extends the same sequence."""
    rng = Random(seed)
    return [_order(rng) for _ in range(n)]


def _order(rng: Random) -> Order:
    meant = {kind: _value(rng, kind) for kind in ("item", "qty", "color", "city", "date")}
    for kind, share in (("item", 0.03), ("qty", 0.08), ("color", 0.2), ("city", 0.1), ("date", 0.15)):
        if rng.random() < share:
            meant[kind] = None
    said, tail = dict(meant), ""
    twist = rng.random()
    if twist < 0.38:
        said, tail = _tail(rng, meant)
    repaired = set(rng.sample(sorted(meant), 1 if rng.random() < 0.75 else 2)) if rng.random() < 0.4 else set()
    if rng.random() < 0.06 and not tail and isinstance(meant["qty"], int) and meant["qty"] > 1:
        more = rng.randint(1, min(_MORE, meant["qty"] - 1))
        said["qty"] = meant["qty"] - more
        repaired.discard("qty")
        tail = rng.choice((". and {} more", ". add {} more of them", ". plus another {}")).format(_number(rng, more))
    sentence = _sentence(rng, said, repaired) + tail + rng.choice(lex.CLOSERS)
    if rng.random() < 0.3:
        sentence = _with_typo(rng, sentence)
    if rng.random() < 0.4:
        sentence = sentence[:1].upper() + sentence[1:]
    return Order(sentence=sentence, gold=json.dumps(meant, separators=(",", ":")))


def _value(rng: Random, kind: str) -> Value:
    match kind:
        case "item":
            return rng.choice(tuple(lex.ITEMS))
        case "qty":
            return rng.randint(1, 20) if rng.random() < 0.75 else rng.randint(21, 99)
        case "color":
            color = rng.choice(lex.COLORS)
            return f"{rng.choice(lex.SHADES)} {color}" if rng.random() < 0.2 else color
        case "city":
            if rng.random() < 0.12:
                return rng.choice(lex.TOWN_STARTS) + rng.choice(lex.TOWN_MIDDLES) + rng.choice(lex.TOWN_ENDS)
            return rng.choice(lex.CITIES)
        case _:
            month = rng.randrange(12)
            return f"{month + 1:02d}-{rng.randint(1, lex.MONTH_DAYS[month]):02d}"


def _other(rng: Random, kind: str, value: Value) -> Value:
    while (drawn := _value(rng, kind)) == value:
        pass
    return drawn


def _say(rng: Random, kind: str, value: Value, *, many: bool = True) -> str:
    """Return the words for a value on its own."""
    if kind == "item":
        return lex.ITEMS[str(value)] if many else str(value)
    if kind == "qty":
        return _number(rng, int(str(value)))
    if kind == "date":
        return _date(rng, str(value))
    if kind == "color":
        return str(value).replace("grey", "gray") if rng.random() < 0.3 else str(value)
    return str(value).title() if rng.random() < 0.6 else str(value)


def _number(rng: Random, n: int) -> str:
    if n in {6, 12, 24, 2} and rng.random() < 0.2:
        return {6: "half a dozen", 12: "a dozen", 24: "two dozen", 2: "a couple of"}[n]
    if rng.random() < 0.6:
        return str(n)
    tens, unit = divmod(n, 10)
    if n < len(lex.UNITS):
        return lex.UNITS[n]
    return lex.TENS[tens] + (f"-{lex.UNITS[unit]}" if unit else "")


def _date(rng: Random, date: str) -> str:
    month, day = int(date[:2]) - 1, int(date[3:])
    name = rng.choice((lex.MONTHS, lex.MONTHS, lex.MONTH_SHORT))[month]
    name = name.title() if rng.random() < 0.7 else name
    suffix = "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    forms = [f"{day} {name}", f"{name} {day}", f"{name} {day}{suffix}", f"the {day}{suffix} of {name}"]
    forms.append(f"{day}.{month + 1}.")
    if day < len(lex.ORDINALS):
        forms.append(f"the {lex.ORDINALS[day]} of {name}")
    if day == lex.MONTH_DAYS[month]:
        forms += [f"the end of {name}", f"the last day of {name}"]
    return rng.choice(forms)


def _tail(rng: Random, meant: dict[str, Value]) -> tuple[dict[str, Value], str]:
    """Return the values said first, and a sentence tail that changes them into the intended ones."""
    said, choice = dict(meant), rng.random()
    open_kinds = [kind for kind in lex.CANCELS if meant[kind] is None]
    set_kinds = [kind for kind in meant if meant[kind] is not None]
    if open_kinds and choice < 0.5:
        kind = rng.choice(open_kinds)
        said[kind] = _value(rng, kind)
        return said, rng.choice(lex.CANCELS[kind])
    kind = rng.choice(set_kinds)
    other = _other(rng, kind, meant[kind])
    if choice < 0.75:
        said[kind] = other
        return said, rng.choice(lex.TAIL_REPAIRS).format(_say(rng, kind, meant[kind]))
    return said, rng.choice(lex.TAIL_KEPT).format(_say(rng, kind, other))


def _sentence(rng: Random, said: dict[str, Value], repaired: set[str]) -> str:
    thing = _thing(rng, said, repaired)
    where = _repair(rng, "city", said["city"], repaired)
    when = _repair(rng, "date", said["date"], repaired)
    parts = []
    if where:
        parts.append(f"{rng.choice(lex.TOWARDS)} {where}")
    if when:
        parts.append(f"{rng.choice(lex.WHEN)} {when}")
    rng.shuffle(parts)
    if rng.random() < 0.12:
        body = rng.choice(("order: {}", "new order - {}", "to order: {}")).format(", ".join((thing, *parts)))
    elif parts and rng.random() < 0.2:
        body = f"{parts.pop(0)} {rng.choice(lex.OPENERS)} {' '.join((thing, *parts))}"
    else:
        body = f"{rng.choice(lex.OPENERS)} {' '.join((thing, *parts))}"
    aside = _aside(rng) if rng.random() < 0.35 else ""
    if aside and rng.random() < 0.5:
        body = f"{aside}{rng.choice(('. ', '; ', ', but '))}{body}"
    elif aside:
        body = f"{body}{rng.choice(('. ', '; ', ', by the way, '))}{aside}"
    return rng.choice(lex.GREETINGS) + body


def _thing(rng: Random, said: dict[str, Value], repaired: set[str]) -> str:
    """Return the noun phrase: how many of what, in which colour."""
    qty, many = said["qty"], said["qty"] != 1
    item = _repair(rng, "item", said["item"], repaired, many=many) or ("ones" if many else "one")
    color = _repair(rng, "color", said["color"], repaired)
    count = _repair(rng, "qty", qty, repaired)
    if qty == 1 and "qty" not in repaired and rng.random() < 0.6:
        count = "a"
    form = rng.random()
    if form < 0.65 or not color:
        words = [count or rng.choice(("some", "", "more")), color, item]
    elif form < 0.85:
        words = [count or rng.choice(("some", "", "the")), item, rng.choice(("in", "in the colour")), color]
    else:
        words = [item, f"in {color}", f"x {count}" if count else ""]
    return " ".join(word for word in words if word)


def _repair(rng: Random, kind: str, value: Value, repaired: set[str], *, many: bool = True) -> str:
    """Return the words for a value, with a self-correction before it or a rejected value after it."""
    if value is None:
        return ""
    words = _say(rng, kind, value, many=many)
    if kind not in repaired:
        return words
    other = _say(rng, kind, _other(rng, kind, value), many=many)
    if rng.random() < 0.7:
        return other + rng.choice(lex.REPAIRS).format(words)
    return words + rng.choice(lex.KEPT).format(other)


def _aside(rng: Random) -> str:
    words = {kind: _say(rng, kind, _value(rng, kind)) for kind in ("item", "qty", "color", "city", "date")}
    return rng.choice(lex.ASIDES).format(long=rng.randint(1000, 99999), **words)


def _with_typo(rng: Random, sentence: str) -> str:
    """Return the sentence with one letter of one long word dropped, doubled or swapped with the next."""
    words = sentence.split(" ")
    long = [i for i, word in enumerate(words) if word.isalpha() and len(word) > 4]
    if not long:
        return sentence
    at = rng.choice(long)
    word, i, kind = words[at], rng.randrange(1, len(words[at]) - 1), rng.random()
    if kind < 0.35:
        word = word[:i] + word[i + 1 :]
    elif kind < 0.6:
        word = word[:i] + word[i] + word[i:]
    else:
        word = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
    return " ".join((*words[:at], word, *words[at + 1 :]))
