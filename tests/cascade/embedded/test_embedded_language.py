"""The toy order language: seeded, canonical, and free of sentences that a typing error makes ambiguous."""

import json

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from cascade.embedded import lexicon
from cascade.embedded.language import HELD_OUT_SEEDS, SCHEMA, TRAINING_SEEDS, orders
from cascade.embedded.vocabulary import ANSWER, UNKNOWN, shipped


def test_a_seed_gives_the_same_orders_and_a_larger_n_goes_on() -> None:
    assert orders(20, 7) == orders(30, 7)[:20]
    assert orders(20, 7) != orders(20, 8)


def test_gold_answers_are_canonical_json_that_fits_the_schema() -> None:
    for order in orders(500, 1):
        parsed = json.loads(order.gold)
        jsonschema.validate(parsed, SCHEMA)
        assert list(parsed) == ["item", "qty", "color", "city", "date"]
        assert order.gold == json.dumps(parsed, separators=(",", ":"))
        assert parsed["item"] is None or parsed["item"] in lexicon.ITEMS


def test_the_language_leaves_fields_open_and_corrects_itself() -> None:
    drawn = orders(1000, 2)
    golds = [json.loads(order.gold) for order in drawn]
    assert all(any(gold[key] is None for gold in golds) for key in golds[0])
    assert any("make that" in order.sentence for order in drawn)
    assert len({order.sentence for order in drawn}) == len(drawn)


def test_training_and_held_out_seeds_are_disjoint_and_their_sentences_too() -> None:
    assert HELD_OUT_SEEDS[-1] < TRAINING_SEEDS[0]
    seen = {order.sentence for order in orders(20_000, TRAINING_SEEDS[0])}
    repeated = sum(order.sentence in seen for order in orders(1000, HELD_OUT_SEEDS[0]))
    assert repeated <= 10, "short sentences may recur by chance, more than one in a hundred must not"


def test_a_word_with_a_typing_error_can_still_be_told() -> None:
    values = [*lexicon.ITEMS, *lexicon.COLORS, *lexicon.CITIES, *lexicon.MONTHS, *lexicon.UNITS, *lexicon.TENS]
    meanings = {word: word for value in values for word in value.split()}
    for item, items in lexicon.ITEMS.items():
        meanings.update(zip(items.split(), item.split(), strict=True))
    told: dict[str, set[str]] = {}
    for word, meaning in meanings.items():
        for spelled in {word} | misspelled(word):
            told.setdefault(spelled, set()).add(meaning)
    assert {spelled: meant for spelled, meant in told.items() if len(meant) > 1} == {}


@given(st.text(max_size=200))
def test_any_text_becomes_known_tokens(text: str) -> None:

    vocabulary = shipped()
    tokens = vocabulary.prompt(text)
    assert tokens[-1] == vocabulary.numbers[ANSWER]
    assert all(0 <= token < len(vocabulary.tokens) for token in tokens)


def test_tokens_of_a_gold_answer_spell_it_again() -> None:

    vocabulary = shipped()
    for order in orders(300, 3):
        tokens = vocabulary.answer(order.gold)
        before = [vocabulary.numbers[ANSWER], *tokens]
        assert "".join(map(vocabulary.text, tokens, before)) == order.gold
        assert vocabulary.numbers[UNKNOWN] not in [*vocabulary.prompt(order.sentence), *tokens]


def misspelled(word: str) -> set[str]:
    """Return what a dropped, a doubled or two swapped letters inside a long word make of it."""
    inside = range(1, len(word) - 1) if len(word) > 4 else ()
    dropped = {word[:i] + word[i + 1 :] for i in inside}
    doubled = {word[:i] + word[i] + word[i:] for i in inside}
    swapped = {word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in inside}
    return (dropped | doubled | swapped) - {word}
