"""Times, bounds, ranks, unknowns and matrices compare by what they say; what a sentence rejects agrees with nothing."""

from __future__ import annotations

import time

import pytest

from cascade.reading import read, same
from cascade.reading.reading import Reading

EQUAL = [
    ("9:16 PM", "21:16"), ("19:04 JST", "7:04 PM (JST)"), ("16.09 Uhr", "Laut Text ist es 16:09 Uhr."),
    ("21h16", "21:16"),
    ("x ≤ 5", r"$x \leq 5$"), ("x >= -2", "-2 ≤ x"), ("-3 < x ≤ 4", r"\(-3 < x \le 4\)"), ("7th place", "第7位"),
    ("x = 3, y = -4", "(x, y) = (3, -4)"), (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", "[[1, 2], [3, 4]]"),
    ("H₂SO₄", r"$\mathrm{H_2SO_4}$"), ("5 km (5,000 m)", "5 km"), ("4 часов 10 минут", "250 min"),
    ("90 m·s⁻¹", "324 km/h"),
    ("{2, 3, 7}", "2, 3 and 7"), ("```sql\nSELECT a\nFROM t;\n```", "```sql\nselect a from t\n```"),
    ("**12**\n\nExplanation: it follows.", "12"), ("En conclusión, 12.", "12"), ("Nach dem Text ist es 12.", "12"),
    ("Based on the text, it is none of the above.", "None of the above"), ("2:3", "**2 : 3**"),
    ("12个苹果。", "12"), ("12名です。", "12"), ("12は答えです。", "12"),
]  # fmt: skip
REJECTED = [
    "It cannot be 12.", "12 fails the second condition.", "Nobody would accept 12.", "La respuesta no es 12.",
    "12 ist falsch.",
    "Die Antwort ist sicher nicht 12.", "12 не подходит.", "12のはずがない。", "12是错的。",
    "12일 리가 없습니다.", "12不合题意。", "12未达标。", "12太大了。", "12无效。", "12は不可。", "12無理です。",
    "الإجابة ليست 12.",
    "O 12 o 40.", "Antingen 40 eller 12.", "Of 12 of 40.", "Ya 12 ya da 40.", "x ≤ 12", "x = 40, y = 12",
]  # fmt: skip
DIFFERENT = [
    ("15:00 UTC", "15:00 CET"), ("x ≤ 5", "x < 5"), ("We land on [2,5,9].", "We land on [2,5,8]."), ("9 : 4", "3 : 4"),
    ("x = -15, y = -12", "x = 27, y = -12"), ("H2SO4", "H2SO3"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_what_says_the_same_in_another_form_is_the_same(one: str, other: str) -> None:
    assert same(read(one).answer, read(other).answer) is True


@pytest.mark.parametrize("rejecting", REJECTED)
def test_a_number_that_a_sentence_rejects_or_leaves_open_agrees_with_no_answer(rejecting: str) -> None:
    for answer in ("12", "The answer is 12."):
        assert same(read(rejecting).answer, read(answer).answer) is not True


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_differs_in_one_sign_is_not_the_same(one: str, other: str) -> None:
    assert same(read(one).answer, read(other).answer) is not True


@pytest.mark.parametrize("piece", ["~", "`", "[1] {", "~~~ ", "```a"])
def test_signs_of_fences_and_citations_in_a_row_take_linear_time(piece: str) -> None:
    def seconds(text: str) -> float:
        began = time.thread_time()
        assert Reading(text).answer is not None
        return time.thread_time() - began

    small, large = (min(seconds(piece * (size // len(piece))) for _ in range(3)) for size in (4_000, 64_000))
    assert large < 16 * 8 * max(small, 0.0005)
