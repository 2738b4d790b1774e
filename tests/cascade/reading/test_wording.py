"""Wordings around an answer: offers, summaries, verbs of arrival, bold ends, denials."""

from __future__ import annotations

import pytest

from cascade.reading import read, same


def alike(one: str, other: str) -> bool | None:
    return same(read(one).answer, read(other).answer)


SAID = [
    ("42\n\nLet me know if you'd like to see the steps!", "42", "43"),
    ("- zinc\n- tin\n\nSag Bescheid, wenn du mehr wissen möchtest.", "- zinc\n- tin", "- zinc\n- iron"),
    ("TL;DR: 551.62", "551.62", "551.6"),
    ("Es sind viele Schritte.\n\nFazit: Option B", "B", "C"),
    ("I get twelve.", "12", "11"),
    ("It comes out to 11 March 2006.", "2006-03-11", "2006-03-12"),
    ("Je trouve 598,3.", "598,3", "598"),
    ("Na podstawie danych mamy wynik: 1 234,5", "1234.5", "1234"),
    ("Het juiste antwoord is dus 960 W.", "960 W", "960 mm"),
    ("First we add, then we halve.\n\nThat gives us **7/11**.", "7/11", "7/13"),
    ("**So we end up with 64,408.44.**", "64408.44", "64408"),
    ("즉, 85입니다.", "85", "86"),
    ("つまり$6211.05です。", "$6211.05", "£6211.05"),
    ("sześć (6)", "6", "7"),
    ("61 – 62", "61-62", "61-63"),
    ("4 sierpnia 1967 r.", "1967-08-04", "1967-08-05"),
    ("### Resultado\n\n- cobre\n- hierro", "- cobre\n- hierro", "- cobre\n- plata"),
    ("### 结果\n\n* **锌**\n* **铁**", "锌、铁", "锌、铜"),
    ("### Результат\n\n-5", "-5", "5"),
    ("Primero, los datos.\n\nPor tanto, obtenemos **el 9 de mayo de 1993**.", "1993-05-09", "1993-05-08"),
    ("Après calcul, on arrive à 29–52.", "29-52", "29-53"),
    ("### Resultado\n\nSão Paulo", "São Paulo", "Paulo"),
    ("Dr. Rosalind Franklin", "Rosalind Franklin", "Marie Curie"),
]


@pytest.mark.parametrize(("said", "alone", "other"), SAID)
def test_words_around_an_answer_do_not_change_it(said: str, alone: str, other: str) -> None:
    assert alike(said, alone) is True
    assert alike(said, other) is not True


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("It is not **5**.", "5"),
        ("Het is niet 5.", "5"),
        ("No, non è vero.", "sì"),
        ("Therefore x is not equal to **7**.", "7"),
        ("Should it be **5**?", "5"),
        ("If it rains it should be **5**, otherwise **6**.", "6"),
        ("5\n\nActually, if you need more, it should be six.", "5"),
        ("six (7)", "6"),
        ("I get GBP 5.", "EUR 5"),
        ("Uiteindelijk is het 2280 W.", "2280 mm"),
        ("Dr Pepper", "Pepper"),
        ("5 is not the answer. I get 6.", "5"),
        ("答えは5ではない。", "5"),
        ("답은 5가 아닙니다.", "5"),
        ("### Resultado\n\nSão Paulo", "Paulo"),
    ],
)
def test_what_is_denied_asked_or_supposed_is_no_answer(said: str, named: str) -> None:
    assert alike(said, named) is not True


def test_the_same_words_in_another_order_are_in_doubt() -> None:
    assert alike("line 12: major", "**major** (line 12)") is None
