"""The final answer of a text as a typed value, and when two say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.reading import Unsure, read, same


def alike(one: str, other: str) -> bool | None:
    return same(read(one).answer, read(other).answer)


SAME = {
    "numbers": [
        ("20", "20.0"),
        ("1234.56", "The answer is 1234.56"),
        ("1234.56", "Die Antwort ist 1.234,56."),
        ("1234567", "1,234,567"),
        ("1234567.5", "1 234 567,5"),
        ("123456", "1,23,456"),
        ("12345.5", "12'345.50"),
        ("-5", "–5"),
        ("-5", "minus 5"),
        ("42", "答案是42"),
        ("42", "٤٢"),
        ("3.5", "٣٫٥"),
        ("1234", "１２３４"),
        ("35000", "3万5千"),
        ("120000000", "1億2000万"),
        ("50000", "5万"),
        ("42", "四十二"),
        ("500000", "5 lakh"),
        ("2500", "2.5k"),
        ("3000000", "3 million"),
        ("2000000000", "2 Milliarden"),
        ("6.6e-34", "6.6 × 10⁻³⁴"),
        ("6.6e-34", "$6.6 \\cdot 10^{-34}$"),
        ("0.001", "10^-3"),
        ("0.75", "\\boxed{\\frac{3}{4}}"),
        ("0.75", "¾"),
        ("3.5", "3½"),
        ("3.5", "3 1/2"),
        ("0.2", "20 %"),
        ("1200", "So she makes $1,200 every day at the market."),
        ("twenty-one", "21"),
        ("18", "Janet has 16 - 3 - 4 = 9 eggs.\nShe makes 9 * 2 = $18 every day."),
        ("18", "#### 18"),
        ("18", "The total is 18 dollars, because she sells 9 eggs."),
        ("5", "\\boxed{x = 5}"),
        ("1234", "\\boxed{1{,}234}"),
        ("42", "```\n42\n```"),
        ("1/2", "二分之一"),
        ("20%", "百分之二十"),
        ("2/3", "two-thirds"),
        ("109", "Age in 10 years = 99 + 10\nAge in 10 years = 109\n\nSo he will be 109 years old 10 years from now."),
        ("1234", "La respuesta es 1.234."),
    ],
    "quantities": [
        ("5 km", "5000 m"),
        ("5 km", "5 kilómetros"),
        ("90 minutes", "1.5 hours"),
        ("90 min", "1 h 30 min"),
        ("100 °C", "212 °F"),
        ("10 m/s", "36 km/h"),
        ("9.8 m/s²", "9.8 m/s^2"),
        ("$18", "18 dollars"),
        ("€5", "5 Euro"),
        ("1,234元", "1234 元"),
        ("500円", "¥500"),
        ("2 kg", "2公斤"),
        ("50 cents", "$0.50"),
    ],
    "choices": [
        ("B", "(B)"),
        ("B", "**B**"),
        ("B", "B. mall"),
        ("B", "The answer is B because water boils at 100 °C."),
        ("B", "Respuesta: B"),
        ("B", "Die Antwort ist B, weil es stimmt."),
        ("B", "选B"),
        ("B", "答えはBです。"),
        ("B", "정답은 B입니다."),
        ("B", "Ответ: B"),
        ("B", "Therefore, the answer is \\boxed{(B) \\text{ Mexico}}."),
        ("mall", "(B) mall"),
        ("A, C", "A and C"),
        ("C, A", "A and C"),
        ("C", "La bonne réponse est la C."),
        ("C", "La respuesta correcta es la opción C"),
        ("C", "Правильный ответ — C"),
        ("C", "Damit ergibt sich als Antwort C."),
        ("C", "**C** is the correct answer."),
    ],
    "booleans": [
        ("True", "true"),
        ("Yes, because it is.", "yes"),
        ("Ja", "yes"),
        ("да", "oui"),
        ("いいえ", "no"),
        ("はい、そうです。", "yes"),
        ('{"answer": true}', "True"),
    ],
    "dates": [
        ("2024-03-05", "March 5, 2024"),
        ("2024-03-05", "5. März 2024"),
        ("2024-03-05", "5 de marzo de 2024"),
        ("2024-03-05", "2024年3月5日"),
        ("2024-03-05", "2024년 3월 5일"),
        ("2024-03-05", "5 марта 2024 года"),
        ("2024-03-25", "25/03/2024"),
        ("2024-03-05", "La respuesta es 05/03/2024."),
        ("05/01/2021", "A: 5/1/2021"),
    ],
    "lists": [
        ("1. Paris\n2. London", "The cities are:\n1. Paris\n2. London"),
        ("Paris, London and Rome", "- Paris\n- London\n- Rome"),
        ('["a", 1]', "['a', 1.0]"),
        ("{1, 2}", "{2, 1}"),
    ],
    "texts": [
        ("Paris", "  PARIS! "),
        ("Paris", "The answer is **Paris**."),
        ("Canberra", "The capital of Australia is Canberra [1]."),
        ("北京", "答案是北京。"),
        ("東京", "答えは東京です。"),
        ("서울", "정답은 서울입니다."),
        ("café", "cafe\u0301"),
    ],
    "objects": [
        ('{"a": 1, "b": [1.0, 2]}', '{"b": [1, 2.0], "a": 1.0}'),
        ('{"reasoning": "x", "answer": 20}', "20"),
        ('```json\n{"Final Answer": "20"}\n```', "20"),
        ('{"reasoning": "broken\nstring", "answer": "7"}', "7"),
    ],
    "programs": [
        ("```python\nprint('a')  # hi\n```", 'Here:\n```py\nprint("a")\n```\nThat prints a.'),
        ("```js\nlet a = 1;   \n```", "```js\nlet a = 1;\n```"),
    ],
    "thinking": [
        ("<think>It is 4.</think>5", "5"),
        ("[THINK]4[/THINK]5", "5"),
        ("<|channel|>analysis<|message|>4<|end|><|start|>assistant<|channel|>final<|message|>5<|return|>", "5"),
        ("◁think▷4◁/think▷5", "5"),
        ("4, no.</think>\n5", "5"),
    ],
}
DIFFERENT = [
    ("2024-03-05", "They never met in that spring, as far as I know."),
    ("5 km", "5 m"),
    ("5 kg", "5 km"),
    ("$5", "5 €"),
    ("6.6e-34", "1.6e-19"),
    ("−5", "5"),
    ("1,234元", "9,234元"),
    ("Apollo 11", "Windows 11"),
    (")", "("),
    ('{"answer": "{{}}"}', '{"answer": "{{}"}'),
    ("[[}", "[[{"),
    ("Canberra [1]", "Sydney [1]"),
    ("Canberra【1†source】", "Sydney【1†source】"),
    ("1. Paris\n2. London\n3. Rome", "1. Berlin\n2. Madrid\n3. Oslo"),
    ("(0, 'xxxx')", "(0, 'xxxxx')"),
    ("(1, 2)", "[1, 2]"),
    ("[1]", "[[1]]"),
    ("'Ab'", "'aB'"),
    ('{"item": "lamp", "label": "A", "qty": 5}', '{"item": "table", "label": "A", "qty": 9}'),
    ('{"a": 1}', '{"a": true}'),
    ("guilty", "not guilty"),
    ("B", "C"),
    ("yes", "no"),
    ("2024-03-05", "2024-05-03"),
    ("March 5, 2024", "April 5, 2024"),
    ("The winner of the 2020 election was Biden.", "The winner of the 2020 election was Trump."),
    ("```python\nprint(1)\n```", "```python\nprint(2)\n```"),
    ("1.05", "1.5"),
    ("3.10", "3.01"),
    ("1 hour", "1 minute"),
    ("3 apples", "4 apples"),
    ("Louis XIV", "Louis XVI"),
    ("Boeing 747", "Airbus 747"),
    ("COVID-19", "19"),
    ("00019", "019"),
    ("5 Mb", "5 MB"),
    ("7:30 AM", "7:30 PM"),
    ("('a',)", "['a']"),
]
DOUBTFUL = [
    ("2024-03-05", "They met in the spring of 2024, in March."),
    ("Vitamin C", "C"),
    ("Louis", "Louis XIV"),
    ("floor", "B"),
    ("1oE-errBzz", "1Oe-ErrBzz"),
    ("The answer is either \\boxed{(D)} or \\boxed{(E)}.", "D"),
    ("\\boxed{(A) theater or (C) concert hall}", "A"),
    ("02/03/2020", "2 March 2020"),
    ("01/02/03", "2003-02-01"),
    ("05/01/2021", "1/5/2021"),
    ("It is 3 or 4.", "4"),
    ("First 3, then 4 and 5.", "5"),
    ("1.234", "1234"),
    ("20 %", "20"),
    ("Sydney is larger than Canberra.", "Canberra"),
    ("3 apples", "3 oranges"),
    ("- a\n- b", "- b\n- a"),
    ("The answer is not 5.", "5"),
]


@pytest.mark.parametrize(("one", "other"), [pair for pairs in SAME.values() for pair in pairs])
def test_what_says_the_same_is_the_same(one: str, other: str) -> None:
    assert alike(one, other) is True
    assert alike(other, one) is True


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_what_says_something_else_is_not(one: str, other: str) -> None:
    assert alike(one, other) is False
    assert alike(other, one) is False


@pytest.mark.parametrize(("one", "other"), DOUBTFUL)
def test_what_cannot_be_told_is_in_doubt(one: str, other: str) -> None:
    assert alike(one, other) is None
    assert alike(other, one) is None


def test_nesting_without_end_is_read_without_recursion() -> None:
    for text in ("[" * 900 + "]" * 900, "(" * 900 + ")" * 900, '{"a":' * 900 + "1" + "}" * 900):
        assert alike(text, "5") is not True
        assert alike(f'{{"answer": "{text}"}}', "5") is not True


def test_thinking_alone_is_no_answer() -> None:
    for text in ("<think>It is 5.</think>", "<think>It is 5", "[THINK]5", "", " \n"):
        assert isinstance(read(text).answer, Unsure)
        assert not read(text).said.strip()


@given(
    st.text()
    | st.lists(st.sampled_from(["1", ",", ".", "5 km", "{", "}", '"', "B", " ", "is", "<think>"])).map("".join)
)
def test_any_text_is_read_and_says_what_it_says(text: str) -> None:
    answer = read(text).answer
    assert same(answer, answer) is (None if isinstance(answer, Unsure) else True)


@given(st.fractions(-(10**9), 10**9, max_denominator=1000), st.sampled_from(["", " km", " €", " 円", " eggs"]))
def test_equal_keys_are_the_same_and_sameness_is_symmetric(value, unit: str) -> None:
    one, other = read(f"{value}{unit}").answer, read(f"The answer is {value}{unit}.").answer
    assert one.key == other.key
    assert same(one, other) is True


@given(st.integers(0, 10**9), st.integers(0, 99))
def test_a_decimal_is_the_same_in_every_country(whole: int, cents: int) -> None:
    english = f"{whole:,}.{cents:02}"
    german = english.translate(str.maketrans(",.", ".,"))
    swiss, french = english.replace(",", "'"), german.replace(".", "\u202f")
    assert {read(text).answer.key for text in (english, german, swiss, french)} == {read(english).answer.key}


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        "1,",
        "answer is ",
        "\\boxed{",
        "9",
        " ",
        "####",
        "1 ",
        "a, ",
        "[1]",
        "- a\n",
        "**",
        "=1",
        "B. ",
        "``` \n",
        "(",
        "12:",
        "è",
    ],
)
def test_a_mebibyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (2**20 // len(piece))
    for hostile in (text, f"The answer is {text}", f"{text}\nSo it is 5."):
        assert same(read.__wrapped__(hostile).answer, read("no such thing").answer) is not True


LAST_LINES = [
    # (what is said, the answer alone, another answer): words between a mark and its answer, by language
    ("Result → 12.5", "12.5", "12"),
    ("Ergebnis => 3", "3", "4"),
    ("Damit lautet das Endergebnis 1.250,5.", "1250.5", "1251.5"),
    ("Somit ist die gesuchte Lösung (C).", "C", "D"),
    ("El resultado final es, por tanto, 42.", "42", "43"),
    ("O resultado final é, portanto, (B).", "B", "A"),
    ("Gabarito: 7", "7", "8"),
    ("That makes 17 our final answer.", "17", "18"),
    ("So we end up with **No** as the answer.", "no", "yes"),
    ("The total works out to 31, so the answer works out to 31.", "31", "32"),
    ("Final answer: B ✔", "B", "C"),
    ("Final answer: 96 🎉", "96", "69"),
    ("答案 — 15", "15", "51"),
    ("答えは[7, 12]です。", "[7, 12]", "[7, 13]"),
    ("最终结果为[7, 58]。", "[7, 58]", "[58, 9]"),
    ("Die Antwort ist der 15. Dezember 1982.", "1982-12-15", "1983-01-15"),
    ("Die Antwort ist dem 3. März 2020.", "2020-03-03", "2020-03-04"),
    ("Resposta: US$ 4.502,32", "$4502.32", "$4502.33"),
    ("Resposta: R$ 12,50", "12.5 reais", "12.6 reais"),
    ("答案是百分之92.3。", "92.3%", "92.4%"),
    ("Ответ: 5369,1 килограммов", "5369.1 kg", "5369.2 kg"),
    ("Ergebnis: 41.588 Kilometer", "41588 km", "41589 km"),
    ("> **Answer**\n> - 3\n> - 4", "- 3\n- 4", "- 3\n- 5"),
]


@pytest.mark.parametrize(("said", "alone", "other"), LAST_LINES)
def test_a_last_line_says_its_answer_and_no_other(said, alone, other) -> None:
    assert alike(said, other) is not True
    assert alike(said, alone) is True


def test_a_word_within_a_word_begins_no_explanation() -> None:
    assert alike("Damit lautet das Fazit Option E.", "D") is not True
    assert alike("It is class B", "It is cl") is not True


def test_two_dates_with_one_day_are_not_the_same() -> None:
    assert alike("Die Antwort ist der 15. Dezember 1982.", "Antwort: der 15. Januar 1983.") is False
