"""Answers that open with yes or no, or a courtesy, and say behind it what was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.reading import read, same

CLAIMS = [
    "Yes, here it is: {}",
    "Yes! The total is {}.",
    "Yes, it's {}.",
    "Yes, {}",
    "True, but it's {}",
    "No, it is {}.",
    "No. It is {}.",
    "Yes, I can help with that! The total is {}.",
    "Ja, hier: {}",
    "Ja, das sind {}.",
    "Oui, voici : {}",
    "Sí, aquí está: {}",
    "Да, вот: {}",
    "Evet, buyurun: {}",
    "はい、どうぞ：{}",
    "はい、{}です。",
    "是的：{}",
    "네, 여기 있습니다: {}",
]
VALUES = [
    ("758", "759"),
    ("12 km", "13 km"),
    ("17:30", "18:30"),
    ("2024-05-01", "2024-06-01"),
    ("$40", "$41"),
    ("B12-77", "B12-78"),
]


def alike(one: str, other: str) -> bool | None:
    return same(read(one).answer, read(other).answer)


@pytest.mark.parametrize(("value", "other"), VALUES)
@pytest.mark.parametrize("opening", CLAIMS)
def test_two_claims_behind_the_same_yes_never_agree_unless_they_are_the_same(opening, value, other) -> None:
    one, two = read(opening.format(value)).answer, read(opening.format(other)).answer
    assert same(one, two) is not True
    assert one.key != two.key or one.key is None
    assert alike(opening.format(value), opening.format(value)) in (True, None)


@pytest.mark.parametrize("opening", CLAIMS)
def test_a_claim_behind_a_yes_agrees_with_the_value_alone(opening) -> None:
    assert alike(opening.format("12 km"), "12 km") is True
    assert alike(opening.format("12 km"), "13 km") is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes, it's Paris.", "Yes, it's Lyon."),
        ("Yes: the capital is Canberra.", "Yes: the capital is Sydney."),
        ("Oui, voici : Paris", "Oui, voici : Lyon"),
        ("是的：Paris", "是的：London"),
        ("Yes (B)", "Yes (C)"),
        ("Ja, [1, 2]", "Ja, [1, 3]"),
        ("True: x = 4", "True: x = 5"),
    ],
)
def test_names_options_and_lists_behind_a_yes_are_claims_too(one, other) -> None:
    assert alike(one, other) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Yes, because 7 is prime.", "Yes, since 7 has no divisors."),
        ("Yes, because 7 is prime.", "Yes"),
        ("Yes, he is a citizen.", "Yes, he is an American."),
        ("Yes, it is.", "Yes"),
        ("Yes, 7 is prime.", "Yes"),
        ("Ja, weil 12 gerade ist.", "Ja"),
        ("はい、なぜなら7は素数だからです。", "はい"),
    ],
)
def test_a_reason_behind_a_yes_is_no_claim(one, other) -> None:
    assert alike(one, other) is True


@given(st.sampled_from(CLAIMS), st.integers(0, 10**6), st.integers(0, 10**6))
def test_whatever_the_figures_two_of_them_behind_a_yes_do_not_agree(opening, one, other) -> None:
    found = alike(opening.format(one), opening.format(other))
    assert (found is not True) or one == other


@pytest.mark.parametrize(
    ("said", "alone", "other"),
    [
        ("The total is 758.", "758", "759"),
        ("Your order total is 758.", "758", "757"),
        ("La suma es 758.", "758", "759"),
        ("Die Summe beträgt 758.", "758", "759"),
        ("It's Paris.", "Paris", "Lyon"),
        ("C'est Paris.", "Paris", "Lyon"),
        ("That's 12 km.", "12 km", "13 km"),
    ],
)
def test_a_sentence_that_says_what_its_subject_is_agrees_with_or_without_a_full_stop(said, alone, other) -> None:
    assert alike(said, alone) is alike(said.rstrip("."), alone) is True
    assert alike(said, other) is False


@pytest.mark.parametrize(
    "said", ["去年是740。", "昨年は740でした。", "Last year it was 740.", "The sum was 740.", "It isn't 740."]
)
def test_a_figure_of_last_year_or_a_denied_one_is_in_doubt(said) -> None:
    assert alike(said, "740") is None


@pytest.mark.parametrize("name", ["final", "solution", "result", "output", "response", "FINAL"])
def test_an_element_at_the_end_holds_the_answer(name) -> None:
    assert alike(f"<{name}>56 m</{name}>", "56 m") is True
    assert alike(f"First we add.\n\n<{name}>\nParis\n</{name}>", "Paris") is True
    assert alike(f"<{name}>5</{name}>", f"<{name}>6</{name}>") is False


def test_an_element_within_a_document_is_not_its_answer() -> None:
    assert alike("<doc><result>5</result><n>7</n></doc>", "<doc><result>5</result><n>8</n></doc>") is not True


@pytest.mark.parametrize(
    "lead", ["We see {}.", "Mirando el gráfico se lee {}.", "Grafikten {} okunuyor.", "On voit {}"]
)
def test_two_lists_in_brackets_are_not_taken_for_sources(lead) -> None:
    for one, other in (("[48, 13, 32]", "[32, 13, 48]"), ("[13, 48]", "[13, 49]"), ("[7, 7]", "[7, 8]")):
        assert alike(lead.format(one), lead.format(other)) is not True
    assert alike("Paris [1, 2]", "Paris") is True


@pytest.mark.parametrize(
    ("one", "other", "else_said"),
    [
        ("Il mio voto va a Leipzig.", "Scrivi Leipzig nella casella.", "Scrivi Bergen nella casella."),
        ("Escreva 480 no campo.", "Pronto! O seu pedido agora diz 480.", "Pronto! O seu pedido agora diz 481."),
        ("グラフからLeipzigと読み取れます。", "私ならLeipzigに一票です。", "私ならBergenに一票です。"),
        ("По графику читаем Берлин.", "Мой голос за Берлин.", "Мой голос за Рим."),
    ],
)
def test_two_sentences_in_unknown_words_that_name_the_same_are_in_doubt_and_not_different(
    one, other, else_said
) -> None:
    assert alike(one, other) is None
    assert alike(one, else_said) is False


@pytest.mark.parametrize(
    ("said", "alone", "other"),
    [
        (
            "Got it. The total is 6,694. Shall I e-mail you the confirmation?",
            "The total is 6694.",
            "The total is 6,695.",
        ),
        ("Hello! The total is 758.\n\nKind regards, your support team", "758", "759"),
        ("Vielen Dank für Ihre Nachricht. Die Summe ist 12 €. Einen schönen Tag!", "12 €", "13 €"),
        ("¡Gracias por escribirnos! La suma es 32,5 %. Un saludo", "32,5 %", "32,6 %"),
        ("承知いたしました。合計は758です。よろしくお願いいたします。", "758", "759"),
        ("Спасибо. Сумма равна 758. Хорошего дня!", "758", "757"),
        ("شكرا. المجموع هو 758. مع أطيب التحيات", "758", "759"),
        ("The capital is Paris. Would you like to know more?", "Paris", "Lyon"),
        ("<response><value>2.9 kg</value></response>", "2.9 kg", "2.8 kg"),
    ],
)
def test_courtesies_around_an_answer_say_nothing(said, alone, other) -> None:
    assert alike(said, alone) is True
    assert alike(said, other) is False


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Claro que no. Es demasiado tarde.", "Es demasiado tarde."),
        ("Natürlich nicht. Das Paket ist offen.", "Das Paket ist offen."),
        ("Sure, Paris is the capital. It has 2 million people.", "It has 2 million people."),
        ("The capital is Paris. Or is it Lyon?", "The capital is Paris."),
        ("No, the 45 days are over.", "Yes, you are within the 45 days."),
    ],
)
def test_what_denies_names_or_asks_about_something_else_is_no_courtesy(one, other) -> None:
    assert alike(one, other) is not True


@pytest.mark.parametrize("courtesy", ["Sure!", "Of course.", "Gern!", "かしこまりました。", "没问题。"])
def test_a_courtesy_alone_is_the_whole_answer(courtesy) -> None:
    assert alike(courtesy, courtesy) is True
    assert alike(courtesy, "758") is not True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Sales rose 5%.", "Sales fell 5%."),
        ("Der Umsatz stieg um 5 %.", "Der Umsatz sank um 5 %."),
        ("Las ventas subieron más de 5 km.", "Las ventas bajaron menos de 5 km."),
        ("Increased since the 1990s.", "Decreased since the 1990s."),
        ("Аренда подешевела на 8%.", "Аренда подорожала на 8 процентов."),
        ("房租下降了11％。", "房租上涨了11％。"),
        ("家賃の減少率は9％です。", "家賃の増加率は9%です。"),
        ("نقصت الإيجارات 18%.", "زادت الإيجارات 18 في المئة."),
        ("The rate of Paris is 5%.", "The rate of Lyon is 5%."),
        ("Options A and B", "Options C and D"),
        ("F. Scott Fitzgerald", "F. Murray Abraham"),
        ("1. The image of Rome", "1. The portrait of Oslo"),
        ("Margin = (turnover / costs) × 100", "Margin = (costs / turnover) × 100"),
        ("The answer is borrowing $1500 and buying 60 shares.", "The answer is borrowing $2500 and buying 60 shares."),
        ("Yes, of course! Option (D) suits you.", "Yes, of course! I'd go with **C**."),
        ("是的，您还在45天的期限内。", "不行，因为45天早就过完了。"),
    ],
)
def test_one_value_in_two_claims_is_no_agreement(one, other) -> None:
    assert alike(one, other) is not True
    assert read(one).answer.key != read(other).answer.key


def test_an_option_of_capitalised_words_is_its_letter_and_no_name() -> None:
    assert alike("B. George Washington", "B") is True
    assert alike("B. George Washington", "C") is False
    assert alike("Option B", "(B) mall") is True


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lockers 42, 63 and 67 are free.", "42, 63, 67"),
        ("Sorry, dogs aren't allowed there.", "No, the house rules forbid dogs in the office."),
        ('{"author": "Laura Bennett"}', "Laura Bennett wrote it."),
        ("Warsztaty odbędą się w Łodzi.", "Wybrane miasto to Łódź."),
        ("No, that is no trouble at all! Your parcel is in Bilbao.", "Yes, of course! The parcel is in Bilbao."),
    ],
)
def test_what_may_be_the_same_in_other_words_is_in_doubt(one, other) -> None:
    assert alike(one, other) is None
