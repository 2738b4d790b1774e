"""A fifth round of held-back pairs: a formatter of its own, ten languages, as assistants of 2026 word their last lines.

    python -m benchmarks.reading_round [--pairs 60] [--show 3] [--seed 5]

It shares no code and no tables with the reader or with `reading_formats`. Kinds: decimal numbers, amounts of money,
quantities, shares, fractions, choices, yes and no, dates, lists, and a field of JSON against prose.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "ru", "ja", "zh", "ko")
KINDS = ("decimal", "money", "quantity", "share", "fraction", "choice", "boolean", "date", "list", "json")

LAST_LINES = {
    "en": (
        "Answer — {}", "That makes {} our final answer.", "Final answer: {} ✔", "So we end up with {} as the answer.",
        "**The answer:** {}", "My answer would be {}.", "➡️ Answer: {}", "The solution works out to {}.",
        "Result → {}", "Hence, answer = {}",
    ),
    "de": (
        "Die gesuchte Antwort ist {}.", "Antwort — {}", "**Die Antwort:** {}", "Damit lautet das Endergebnis {}.",
        "➡️ Antwort: {}", "Unsere Antwort ist daher {}.", "Das richtige Ergebnis ist {}.", "Ergebnis → {}",
    ),
    "fr": (
        "La réponse recherchée est {}.", "Réponse — {}", "**La réponse :** {}", "Le résultat final est donc {}.",
        "➡️ Réponse : {}", "Notre réponse est donc {}.", "La bonne réponse est {}.", "Résultat → {}",
    ),
    "es": (
        "La respuesta buscada es {}.", "Respuesta — {}", "**La respuesta:** {}",
        "El resultado final es, por tanto, {}.",
        "➡️ Respuesta: {}", "Nuestra respuesta es {}.", "La respuesta correcta sería {}.", "Resultado → {}",
    ),
    "pt": (
        "A resposta procurada é {}.", "Resposta — {}", "**A resposta:** {}", "O resultado final é, portanto, {}.",
        "➡️ Resposta: {}", "Nossa resposta é {}.", "A resposta correta seria {}.", "Gabarito: {}",
    ),
    "it": (
        "La risposta cercata è {}.", "Risposta — {}", "**La risposta:** {}", "Il risultato finale è quindi {}.",
        "➡️ Risposta: {}", "La nostra risposta è {}.", "La risposta corretta sarebbe {}.", "Soluzione: {}",
    ),
    "ru": (
        "Правильный ответ: {}.", "Ответ — {}", "**Ответ:** {}", "Таким образом, ответ: {}.", "➡️ Ответ: {}",
        "Итоговый ответ: {}", "Верный ответ — {}.", "Окончательный результат: {}",
    ),
    "ja": (
        "したがって、答えは{}です。", "答え：{}", "**最終的な答え：** {}", "よって正解は{}となります。", "➡️ 回答：{}",
        "最終回答: {}", "答えは **{}** です。",
    ),
    "zh": (
        "因此，答案为{}。", "答案 — {}", "**最终答案：** {}", "所以正确答案是{}。", "➡️ 答案：{}",
        "综上所述，答案应该是{}。",
        "最终结果为{}。",
    ),
    "ko": (
        "따라서 정답은 {}입니다.", "답: {}", "**최종 답변:** {}", "그러므로 답은 {}입니다.", "➡️ 정답: {}",
        "최종 정답은 {}이다.",
        "정답은 **{}**입니다.",
    ),
}  # fmt: skip

BEFORE = {
    "en": ("Let's check this step by step.\n\n", "Sure! Here is my reasoning: first 3, then 4.\n\n"),
    "de": ("Gehen wir es Schritt für Schritt durch.\n\n", "Gerne! Zuerst 3, dann 4.\n\n"),
    "fr": ("Procédons étape par étape.\n\n", "Bien sûr ! D'abord 3, puis 4.\n\n"),
    "es": ("Vamos paso a paso.\n\n", "¡Claro! Primero 3 y luego 4.\n\n"),
    "pt": ("Vamos passo a passo.\n\n", "Claro! Primeiro 3, depois 4.\n\n"),
    "it": ("Procediamo passo per passo.\n\n", "Certo! Prima 3, poi 4.\n\n"),
    "ru": ("Разберём по шагам.\n\n", "Конечно! Сначала 3, потом 4.\n\n"),
    "ja": ("順を追って考えます。\n\n", "まず3、次に4を求めます。\n\n"),
    "zh": ("我们一步一步来。\n\n", "好的！先算3，再算4。\n\n"),
    "ko": ("단계별로 살펴보겠습니다.\n\n", "먼저 3을, 그다음 4를 구합니다.\n\n"),
}  # fmt: skip

COMMA = {"de", "fr", "es", "pt", "it", "ru"}
GROUPS = {"en": ",", "de": ".", "fr": "\u202f", "es": ".", "pt": ".", "it": ".", "ru": "\u00a0", "ja": ",", "zh": ",",
          "ko": ","}  # fmt: skip
MONEY = {
    "en": (("${}", "{} dollars", "USD {}"), ("€{}", "{} euros", "EUR {}")),
    "de": (("{} $", "{} Dollar", "{} USD"), ("{} €", "{} Euro", "{} EUR")),
    "fr": (("{} $", "{} dollars", "{} USD"), ("{} €", "{} euros", "{} EUR")),
    "es": (("{} $", "{} dólares", "{} USD"), ("{} €", "{} euros", "{} EUR")),
    "pt": (("US$ {}", "{} dólares", "{} USD"), ("{} €", "{} euros", "{} EUR")),
    "it": (("{} $", "{} dollari", "{} USD"), ("{} €", "{} euro", "{} EUR")),
    "ru": (("${}", "{} долларов", "{} USD"), ("{} €", "{} евро", "{} EUR")),
    "ja": (("{}ドル", "${}", "{}米ドル"), ("{}ユーロ", "€{}", "{} EUR")),
    "zh": (("{}美元", "${}", "{} 美元"), ("{}欧元", "€{}", "{} EUR")),
    "ko": (("{}달러", "${}", "{} 달러"), ("{}유로", "€{}", "{} EUR")),
}
QUANTITIES = {
    "en": (("{} km", "{} kilometers"), ("{} kg", "{} kilograms"), ("{} hours", "{} h")),
    "de": (("{} km", "{} Kilometer"), ("{} kg", "{} Kilogramm"), ("{} Stunden", "{} h")),
    "fr": (("{} km", "{} kilomètres"), ("{} kg", "{} kilogrammes"), ("{} heures", "{} h")),
    "es": (("{} km", "{} kilómetros"), ("{} kg", "{} kilogramos"), ("{} horas", "{} h")),
    "pt": (("{} km", "{} quilômetros"), ("{} kg", "{} quilogramas"), ("{} horas", "{} h")),
    "it": (("{} km", "{} chilometri"), ("{} kg", "{} chilogrammi"), ("{} ore", "{} h")),
    "ru": (("{} км", "{} километров"), ("{} кг", "{} килограммов"), ("{} часов", "{} ч")),
    "ja": (("{}km", "{}キロメートル"), ("{}kg", "{}キログラム"), ("{}時間", "{} 時間")),
    "zh": (("{}公里", "{} km"), ("{}千克", "{} kg"), ("{}小时", "{} 小时")),
    "ko": (("{}km", "{}킬로미터"), ("{}kg", "{}킬로그램"), ("{}시간", "{} 시간")),
}
SHARES = {
    "en": ("{}%", "{} percent"), "de": ("{} %", "{} Prozent"), "fr": ("{} %", "{} pour cent"),
    "es": ("{} %", "{} por ciento"), "pt": ("{}%", "{} por cento"), "it": ("{}%", "{} per cento"),
    "ru": ("{} %", "{} процентов"), "ja": ("{}%", "{}パーセント"), "zh": ("{}%", "百分之{}"), "ko": ("{}%", "{}퍼센트"),
}  # fmt: skip
FRACTIONS = ("{}/{}", "\\frac{{{}}}{{{}}}", "\\(\\dfrac{{{}}}{{{}}}\\)", "$\\frac{{{}}}{{{}}}$", "{} / {}")
CHOICES = {
    "en": ("{}", "({})", "**{}**", "option {}", "{})"), "de": ("{}", "({})", "**{}**", "Option {}", "{})"),
    "fr": ("{}", "({})", "**{}**", "l'option {}", "{})"), "es": ("{}", "({})", "**{}**", "la opción {}", "{})"),
    "pt": ("{}", "({})", "**{}**", "a alternativa {}", "{})"), "it": ("{}", "({})", "**{}**", "l'opzione {}", "{})"),
    "ru": ("{}", "({})", "**{}**", "вариант {}", "{})"), "ja": ("{}", "({})", "**{}**", "選択肢{}", "{})"),
    "zh": ("{}", "({})", "**{}**", "选项{}", "{}项"), "ko": ("{}", "({})", "**{}**", "{}번", "{})"),
}  # fmt: skip
BOOLEANS = {
    "en": ("Yes", "No"), "de": ("Ja", "Nein"), "fr": ("Oui", "Non"), "es": ("Sí", "No"), "pt": ("Sim", "Não"),
    "it": ("Sì", "No"), "ru": ("Да", "Нет"), "ja": ("はい", "いいえ"), "zh": ("是", "否"), "ko": ("예", "아니요"),
}  # fmt: skip
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
DATES = {
    "en": ("{m} {d}, {y}", "{d} {m} {y}", "{iso}"), "de": ("{d}. {m} {y}", "der {d}. {m} {y}", "{iso}"),
    "fr": ("{d} {m} {y}", "le {d} {m} {y}", "{iso}"), "es": ("{d} de {m} de {y}", "el {d} de {m} de {y}", "{iso}"),
    "pt": ("{d} de {m} de {y}", "{iso}"), "it": ("{d} {m} {y}", "il {d} {m} {y}", "{iso}"),
    "ru": ("{d} {m} {y} года", "{d} {m} {y} г.", "{iso}"), "ja": ("{y}年{n}月{d}日", "{iso}"),
    "zh": ("{y}年{n}月{d}日", "{iso}"), "ko": ("{y}년 {n}월 {d}일", "{iso}"),
}  # fmt: skip
ITEMS = ("7", "12", "31", "44", "58", "63", "79", "96")
LISTS = ("{}", "[{}]", "{}", "\n- {}")


@dataclass(frozen=True, slots=True)
class Truth:
    """What a pair of answers says."""

    kind: str
    value: Any


def draw(kind: str, rng: Random) -> Truth:
    """Draw a value."""
    values: dict[str, Any] = {
        "decimal": lambda: (rng.choice((1, -1)) * rng.randint(1, 9_999_999), rng.choice((0, 0, 1, 2))),
        "money": lambda: (rng.randint(100, 9_999_999), 2 * rng.randint(0, 1), rng.randint(0, 1)),
        "quantity": lambda: (rng.randint(2, 99_999), rng.choice((0, 1)), rng.randint(0, 2)),
        "share": lambda: (rng.randint(1, 999), 1),
        "fraction": lambda: Fraction(rng.randint(1, 40), rng.randint(41, 97)),
        "choice": lambda: rng.choice("ABCDE"),
        "boolean": lambda: rng.random() < 0.5,
        "date": lambda: date(1900, 1, 1) + timedelta(days=rng.randint(0, 50_000)),
        "list": lambda: tuple(rng.sample(ITEMS, rng.randint(2, 5))),
        "json": lambda: (rng.choice((1, -1)) * rng.randint(1, 999_999), rng.choice((0, 2))),
    }
    return Truth(kind, values[kind]())


def changed(truth: Truth, rng: Random) -> Truth:
    """Return another value, near to it."""
    value = truth.value
    if truth.kind in ("decimal", "json"):
        number, places = value
        return Truth(truth.kind, rng.choice(((-number, places), (number + 1, places), (number * 10, places))))
    if truth.kind == "money":
        number, places, unit = value
        return Truth(truth.kind, rng.choice(((number + 1, places, unit), (number, places, 1 - unit))))
    if truth.kind == "quantity":
        number, places, unit = value
        return Truth(truth.kind, rng.choice(((number + 1, places, unit), (number, places, (unit + 1) % 3))))
    if truth.kind == "share":
        return Truth(truth.kind, (value[0] + 1, value[1]))
    if truth.kind == "fraction":
        return Truth(truth.kind, Fraction(value.numerator, value.denominator + 1))
    if truth.kind == "choice":
        return Truth(truth.kind, rng.choice([one for one in "ABCDE" if one != value]))
    if truth.kind == "boolean":
        return Truth(truth.kind, not value)
    if truth.kind == "date":
        return Truth(truth.kind, value + timedelta(days=rng.choice((1, 31, 366))))
    return Truth(truth.kind, (*value[:-1], rng.choice([one for one in ITEMS if one not in value])))


def digits(number: int, places: int, language: str, rng: Random) -> str:
    """Write a number as the language does."""
    sign, size = (rng.choice("-−") if number < 0 else ""), abs(number)
    whole, part = divmod(size, 10**places)
    text = str(whole)
    if whole >= 10_000 and rng.random() < 0.7:
        text = f"{whole:,}".replace(",", GROUPS[language])
    return f"{sign}{text}" + (f"{',' if language in COMMA else '.'}{part:0{places}d}" if places else "")


def said(truth: Truth, language: str, rng: Random) -> str:
    """Write a value alone."""
    value = truth.value
    if truth.kind == "money":
        return rng.choice(MONEY[language][value[2]]).format(digits(value[0], value[1], language, rng))
    if truth.kind == "quantity":
        return rng.choice(QUANTITIES[language][value[2]]).format(digits(value[0], value[1], language, rng))
    if truth.kind == "share":
        return rng.choice(SHARES[language]).format(digits(value[0], value[1], language, rng))
    if truth.kind == "fraction":
        return rng.choice(FRACTIONS).format(value.numerator, value.denominator)
    if truth.kind == "choice":
        return rng.choice(CHOICES[language]).format(value)
    if truth.kind == "boolean":
        word = BOOLEANS[language][0 if value else 1]
        return rng.choice((word, f"**{word}**", word.lower()))
    if truth.kind == "date":
        month = MONTHS[language].split()[value.month - 1] if language in MONTHS else ""
        told = {"d": value.day, "m": month, "n": value.month, "y": value.year, "iso": value.isoformat()}
        return rng.choice(DATES[language]).format(**told)
    if truth.kind == "list":
        form = rng.choice(LISTS)
        return form.format(("\n- " if "-" in form else ", ").join(value))
    return digits(value[0], value[1], language, rng)


def answer(truth: Truth, language: str, rng: Random) -> str:
    """Write an answer."""
    if truth.kind == "json" and rng.random() < 0.5:
        number, places = truth.value
        body = {"explanation": BEFORE[language][0].strip(), "answer": number / 10**places if places else number}
        text = json.dumps(body, ensure_ascii=False)
        return rng.choice((text, f"```json\n{text}\n```", BEFORE[language][0] + text))
    text = said(truth, language, rng)
    if text.startswith("\n"):
        return f"{rng.choice(LAST_LINES[language]).partition('{}')[0].rstrip(' :：*—→')}:{text}"
    if rng.random() < 0.15:
        return text
    before = rng.choice(("", "", *BEFORE[language]))
    return before + rng.choice(LAST_LINES[language]).format(text)


def main() -> None:
    """Print the counts."""
    given = arguments(__doc__, pairs=60, show=3, seed=5)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    for kind in KINDS:
        for language in LANGUAGES:
            for _ in range(given.pairs):
                truth = draw(kind, rng)
                other = language if rng.random() < 0.7 or kind == "boolean" else rng.choice(LANGUAGES)
                for equal in (True, False):
                    theirs = truth if equal else changed(truth, rng)
                    one, two = answer(truth, language, rng), answer(theirs, other, rng)
                    tally.see(kind, language, one, two, equal=equal)
    tally.show(KINDS, LANGUAGES)


if __name__ == "__main__":
    main()
