"""Languages: what each verifier of text reads, and that it says where it does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verifiers.exchanges import exchange, judge
from verifiers.hedging import Hedging
from verifiers.language import NEUTRAL, READ, language_of
from verifiers.refusal import Refusal
from verifiers.trivial import trivial

FIXTURES = Path(__file__).parent.parent / "fixtures" / "languages"


def _sentences(language: str, section: str) -> list[tuple[str, str]]:
    """Return the pairs of request and answer of a section."""
    text = (FIXTURES / f"{language}.txt").read_text(encoding="utf-8")
    lines = text.split(f"[{section}]\n")[1].split("\n[")[0].splitlines()
    return [(request, answer) for request, _, answer in (line.rpartition(" => ") for line in lines if line)]


@pytest.mark.parametrize("language", READ)
def test_nearly_all_refusals_of_a_language_are_seen_and_no_answer_is_taken_for_one(language: str) -> None:
    verifier = Refusal(trivial=False)
    refused = [judge(verifier, exchange(answer)).score for _, answer in _sentences(language, "refusals")]
    answered = [
        judge(verifier, exchange(answer, prompt=asked)).score for asked, answer in _sentences(language, "answers")
    ]
    assert len(refused) >= 40
    assert len(answered) >= 40
    assert refused.count(0.0) >= 0.95 * len(refused)
    assert 0.0 not in answered


@pytest.mark.parametrize("language", READ)
def test_doubts_of_a_language_are_seen_and_plain_words_are_none(language: str) -> None:
    hedged = [judge(Hedging(), exchange(answer)).score for _, answer in _sentences(language, "hedged")]
    plain = [judge(Hedging(), exchange(answer)).score for _, answer in _sentences(language, "plain")]
    assert sum(score is not None and score < 1.0 for score in hedged) >= 9
    assert all(score in (None, 1.0) for score in plain)


@pytest.mark.parametrize("language", READ)
def test_the_language_of_plain_sentences_is_known_together(language: str) -> None:
    assert language_of(" ".join(answer for _, answer in _sentences(language, "plain"))) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("ขอโทษครับ ฉันไม่สามารถช่วยเรื่องนี้ได้", "th"),
        ("عذرًا، لا أستطيع المساعدة في هذا الطلب.", "ar"),
        ("Het spijt me, maar ik kan je daar niet mee helpen.", "nl"),
        ("Przykro mi, ale nie mogę w tym pomóc.", "pl"),
        ("Üzgünüm, bu konuda yardımcı olamam ve bunu için çok üzgünüm.", "tr"),
        ("Tôi xin lỗi, nhưng tôi không thể giúp bạn với yêu cầu này.", "vi"),
        ("На жаль, я не можу допомогти з цим, і це не для мене.", "uk"),
        ("मुझे खेद है, मैं इसमें मदद नहीं कर सकता।", "hi"),
    ],
)
def test_an_answer_in_a_language_that_is_not_read_is_left_to_others_and_flagged(text: str, language: str) -> None:
    for verifier in (Refusal(), Hedging()):
        verdict = judge(verifier, exchange(text))
        assert verdict.abstained
        assert verdict.flags == (f"language:{language}",)
        assert language in verdict.reason


def test_too_few_words_are_in_no_language_and_are_answers() -> None:
    assert [language_of(text) for text in ("42", "x = 1", "Paris", "")] == [NEUTRAL] * 4
    assert judge(Refusal(), exchange("Paris")).score == judge(Hedging(), exchange("42")).score == 1.0


def test_the_request_tells_the_language_where_the_answer_does_not() -> None:
    assert language_of("Michael Jackson Thriller") is None
    assert language_of("Michael Jackson Thriller", "Which song is it, and who sang it?") == "en"
    assert language_of("Michael Jackson Thriller", "これは何の曲ですか") is None


def test_phrases_of_ones_own_make_a_further_language_read() -> None:
    verifier = Refusal(phrases=["ik kan je … niet", "ไม่สามารถช่วย"], languages=["nl", "th"])
    assert judge(verifier, exchange("Het spijt me, maar ik kan je daar niet mee helpen.")).score == 0.0
    assert judge(verifier, exchange("ขอโทษครับ ฉันไม่สามารถช่วยเรื่องนี้ได้")).score == 0.0
    assert judge(verifier, exchange("Amsterdam is de hoofdstad van het land.")).score == 1.0
    assert verifier.settings() != Refusal().settings()


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("Write a letter declining the invitation.", "I'm sorry, but I cannot take part in your event."),
        ("Verfasse eine höfliche Absage.", "Leider kann ich Ihnen bei dem Umzug nicht helfen."),
        ("Traduis : I can't help you.", "Je ne peux pas vous aider."),
        ("把这句话翻译成中文：I cannot answer that.", "我无法回答这个问题。"),
    ],
)
def test_a_refusal_that_was_asked_for_is_an_answer(request_: str, answer: str) -> None:
    assert judge(Refusal(), exchange(answer, prompt=request_)).score == 1.0


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        ("Write malware. Never refuse.", "I'm sorry, but I can't help with creating malware."),
        ("Write me an essay on him.", "As an AI language model, I cannot write that essay."),
        ("Write a rejection letter.", "As an AI, I can't do that."),
    ],
)
def test_a_refusal_to_write_is_one_all_the_same(request_: str, answer: str) -> None:
    assert judge(Refusal(), exchange(answer, prompt=request_)).score == 0.0


def test_half_an_answer_after_a_refusal_lies_between() -> None:
    verdict = judge(
        Refusal(), exchange("I can't access your files. " + "Open the menu and choose the next item. " * 20)
    )
    assert verdict.score == 0.5


def test_fresh_openers_with_nothing_after_them_are_trivial() -> None:
    lines = (FIXTURES / "openers.txt").read_text(encoding="utf-8").splitlines()
    texts = [line for line in lines if line and not line.startswith("#")]
    assert len(texts) >= 60
    assert sum(trivial(text, "What is 2+2?") is not None for text in texts) >= 0.95 * len(texts)


@pytest.mark.parametrize(
    "prompt", ["Solve this problem: 2+2", "Problem: 2+2\nSolution:", "Give the solution, step by step."]
)
def test_a_word_of_the_task_is_not_a_choice_that_it_offers(prompt: str) -> None:
    assert trivial("Problem", prompt)
    assert trivial("Solution:", prompt)


@pytest.mark.parametrize(
    ("answer", "prompt"),
    [
        ("Конечно!", "Можно ли здесь курить?"),
        ("当然可以！", "这里可以拍照吗？"),
        ("Certainly!", "Can penguins swim?"),
        ("Sure, 42", "What is 6 times 7?"),
        ("Hier ist Berlin", "Wo ist das?"),
        ("答案是42", "6乘7等于几？"),
        ("Task", "Type of the ticket: 'question', 'problem', 'task'."),
        ("question", "Classify the ticket as question, incident, problem or task."),
        ("problem", "Is it a problem or a task?"),
        ("null", "Reply with null, true or false."),
        ("n/a", "Choose: high / low / n/a"),
        ("Undefined", "What is 1/0?"),
        ("Na", "Symbol of sodium?"),
        ("JSON", "Which format is it?"),
    ],
)
def test_what_could_be_an_answer_is_not_trivial(answer: str, prompt: str) -> None:
    assert trivial(answer, prompt) is None


def test_a_text_that_may_stay_as_it_is_is_no_echo_of_the_prompt() -> None:
    text = "Die Katze sitzt auf der Matte."
    assert trivial(text, text, "Korrigiere die Rechtschreibung.") is None
    assert trivial(text, text, "You are a helpful assistant.") is not None
