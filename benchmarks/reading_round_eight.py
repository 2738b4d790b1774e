"""An eighth round of pairs: new wordings, fourteen languages, written after the seventh was mended.

    python -m benchmarks.reading_round_eight [--pairs 20] [--show 1] [--seed 8]

Its figures at first sight were of wordings that the reader's authors had not seen; the reader was mended for its pairs since.
It shares no code, tables or templates with the reader or with the rounds before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "sv", "ja", "zh", "ko"]
WRAPS = {
    "en": ["Great question! Here's how I see it.\n\n1. Look at the data.\n2. Combine it.\n\nPutting this together: **{}**",
           "To answer your question: {}", "{} — that's the final figure.", "I'm confident it's {}.", "Output: {}",
           "Everything considered, we land on {}.", "Final: {}"],
    "de": ["Um deine Frage zu beantworten: {}", "Alles in allem landen wir bei {}.", "{} – das ist das Endresultat.",
           "Ich bin mir sicher, dass es {} ist.", "Ausgabe: {}", "Folglich: {}"],
    "fr": ["Pour répondre à ta question : {}", "Tout compte fait, on tombe sur {}.", "{} — voilà le résultat.",
           "Je suis sûr que c'est {}.", "Sortie : {}"],
    "es": ["Para responder a tu pregunta: {}", "Con todo, llegamos a {}.", "{} — ese es el resultado.",
           "Estoy seguro de que es {}.", "Salida: {}"],
    "pt": ["Para responder à sua pergunta: {}", "No fim das contas, chegamos a {}.", "{} — esse é o resultado.",
           "Tenho certeza de que é {}.", "Saída: {}"],
    "it": ["Per rispondere alla tua domanda: {}", "Tutto sommato, arriviamo a {}.", "{} — questo è il risultato.",
           "Sono sicuro che sia {}.", "Output: {}"],
    "nl": ["Om je vraag te beantwoorden: {}", "Alles bij elkaar komen we op {}.", "{} – dat is de uitkomst.",
           "Ik weet zeker dat het {} is.", "Uitvoer: {}"],
    "pl": ["Odpowiadając na pytanie: {}", "Koniec końców dochodzimy do {}.", "{} — taki jest wynik.",
           "Jestem pewien, że to {}.", "Wyjście: {}"],
    "ru": ["Отвечая на ваш вопрос: {}", "В конечном счёте приходим к {}.", "{} — вот и результат.", "Уверен, что это {}.",
           "Вывод программы: {}"],
    "tr": ["Sorunuzu yanıtlamak gerekirse: {}", "{} — sonuç budur.", "Eminim ki bu {}.", "Çıktı: {}"],
    "sv": ["För att svara på din fråga: {}", "Allt som allt hamnar vi på {}.", "{} – det är slutresultatet.",
           "Jag är säker på att det är {}.", "Utdata: {}"],
    "ja": ["ご質問への回答：{}", "以上より、{}と求まります。", "{}、これが最終的な値です。", "間違いなく{}です。", "出力: {}"],
    "zh": ["回答您的问题：{}", "由此可得{}。", "{}——这就是最终结果。", "我确定是{}。", "输出：{}"],
    "ko": ["질문에 답하자면: {}", "이로써 {}을 얻습니다.", "{}, 이것이 최종 값입니다.", "확실히 {}입니다.", "출력: {}"],
}  # fmt: skip
COMMA = {"de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "sv"}
AND = dict(
    zip(LANGUAGES, ["and", "und", "et", "y", "e", "e", "en", "i", "и", "ve", "och", "と", "和", "와"], strict=True)
)
DAYS = {
    "en": "days hours", "de": "Tage Stunden", "fr": "jours heures", "es": "días horas", "pt": "dias horas", "it": "giorni ore",
    "nl": "dagen uur", "pl": "dni godzin", "ru": "дней часов", "tr": "gün saat", "sv": "dagar timmar", "ja": "日 時間",
    "zh": "天 小时", "ko": "일 시간",
}  # fmt: skip
WARMTH = {
    "en": "degrees Celsius",
    "de": "Grad Celsius",
    "fr": "degrés Celsius",
    "es": "grados Celsius",
    "pt": "graus Celsius",
}
HALVES = {
    "en": "Absolutely, as long as it is paid in advance.|Unfortunately no, the deadline has passed.",
    "de": "Ja, sofern im Voraus bezahlt wird.|Leider nein, die Frist ist abgelaufen.",
    "fr": "Oui, à condition de payer d'avance.|Malheureusement non, le délai est dépassé.",
    "es": "Sí, siempre que se pague por adelantado.|No, lamentablemente el plazo ha vencido.",
    "pt": "Sim, desde que seja pago antes.|Não, infelizmente o prazo acabou.",
    "it": "Sì, purché si paghi in anticipo.|No, purtroppo il termine è scaduto.",
    "nl": "Ja, mits vooraf betaald.|Nee, helaas is de termijn verstreken.",
    "pl": "Tak, pod warunkiem zapłaty z góry.|Nie, niestety termin minął.",
    "ru": "Да, при условии предоплаты.|Нет, к сожалению, срок истёк.", "tr": "Evet, ön ödeme yapılırsa.|Hayır, ne yazık ki süre doldu.",
    "sv": "Ja, förutsatt att man betalar i förskott.|Nej, tyvärr har tiden gått ut.",
    "ja": "はい、前払いであれば可能です。|いいえ、残念ながら期限が過ぎています。", "zh": "是的，前提是预先付款。|不，很遗憾期限已过。",
    "ko": "네, 선불이면 됩니다.|아니요, 안타깝게도 기한이 지났습니다.",
}  # fmt: skip
SHORT = {
    "en": "Yes No", "de": "Ja Nein", "fr": "Oui Non", "es": "Sí No", "pt": "Sim Não", "it": "Sì No", "nl": "Ja Nee", "pl": "Tak Nie",
    "ru": "Да Нет", "tr": "Evet Hayır", "sv": "Ja Nej", "ja": "はい いいえ", "zh": "是 不是", "ko": "네 아니요",
}  # fmt: skip
DENIALS = {
    "en": "{} is out of the question.|Whatever it is, it isn't {}.|{} would be wrong here.", "de": "{} ist falsch.|Auf keinen Fall {}.",
    "fr": "{} est exclu.|En aucun cas {}.", "es": "{} queda descartado.|De ningún modo {}.", "pt": "{} está errado.|De jeito nenhum {}.",
    "it": "{} è sbagliato.|In nessun caso {}.", "nl": "{} klopt niet.|In geen geval {}.", "pl": "{} jest błędne.|W żadnym razie {}.",
    "ru": "{} — неверно.|Ни в коем случае {}.", "tr": "{} yanlış.|Kesinlikle {} değil.", "sv": "{} är fel.|Absolut inte {}.",
    "ja": "{}は間違いです。|{}ではない。", "zh": "{}是错的。|绝不是{}。", "ko": "{}은 틀렸습니다.|절대 {}이 아니다.",
}  # fmt: skip
DOUBTS = {
    "en": "It's a toss-up between {} and {}.|Probably {}, maybe {}.|{}, or possibly {}.", "de": "Vermutlich {}, vielleicht auch {}.|{} beziehungsweise {}.",
    "fr": "Sans doute {}, peut-être {}.", "es": "Seguramente {}, quizás {}.", "pt": "Talvez {}, talvez {}.", "it": "Forse {}, forse {}.",
    "nl": "Waarschijnlijk {}, misschien {}.", "pl": "Pewnie {}, może {}.", "ru": "Скорее всего {}, может быть {}.", "tr": "Belki {}, belki {}.",
    "sv": "Troligen {}, kanske {}.", "ja": "おそらく{}、もしかすると{}です。", "zh": "可能是{}，也可能是{}。", "ko": "아마 {}, 어쩌면 {}입니다.",
}  # fmt: skip
FIXES = {
    "en": "So {w}... hold on, I misread that. It should be {r}.", "de": "Ergebnis: {w}. Korrektur – Ergebnis: {r}.",
    "fr": "Réponse : {w}. Correction — réponse : {r}.", "es": "Respuesta: {w}. Corrección, respuesta: {r}.",
    "ru": "Ответ: {w}. Исправляю, ответ: {r}.", "zh": "答案：{w}。更正，答案：{r}。", "ja": "答え：{w}。訂正します。答え：{r}。",
}  # fmt: skip
OPTIONS = ["mitochondria", "ribosome", "nucleus", "membrane", "vacuole"]
PEOPLE = ["Marie Curie", "Alan Turing", "Ada Lovelace", "Niels Bohr", "Rosa Parks", "Pierre Curie"]
SALTS = [("NaCl", r"\text{NaCl}"), ("Na2CO3", r"\text{Na}_2\text{CO}_3"), ("NaHCO3", r"\text{NaHCO}_3"), ("CaCl2", r"\mathrm{CaCl_2}"), ("CaCO3", r"\mathrm{CaCO_3}")]  # fmt: skip


def _decimal(hundredths: int, language: str) -> str:
    text = f"{hundredths / 100:.2f}"
    return text.replace(".", ",") if language in COMMA else text


def say(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Write a value, without the words around it."""
    join = AND[language] if language in ("ja", "zh") else f" {AND[language]} "
    match kind:
        case "number":
            figure = _decimal(truth, language)
            return rng.choice(
                [figure, f"\\({figure.replace(',', '{,}')}\\)" if "," in figure else f"\\({figure}\\)", f"`{figure}`"]
            )
        case "zoned":
            hour, minute, zone = truth
            return rng.choice(
                [
                    f"{hour:02}:{minute:02} {zone}",
                    f"{hour}:{minute:02} ({zone})",
                    f"{(hour - 1) % 12 + 1}:{minute:02} {'AM' if hour < 12 else 'PM'} {zone}",
                ]
            )
        case "span":
            days, hours = divmod(truth, 24)
            blank = "" if language in ("ja", "zh", "ko") else " "
            one, two = DAYS[language].split()
            return rng.choice(
                [f"{truth}{blank}{two}", f"{days}{blank}{one}{join}{hours}{blank}{two}", f"{days} d {hours} h"]
            )
        case "warmth":
            return rng.choice(
                [f"{truth} °C", f"{truth}°C", f"{truth * 9 / 5 + 32:g} °F", f"{truth} {WARMTH.get(language, '°C')}"]
            )
        case "interval":
            low, high = truth
            return rng.choice(
                [
                    f"{low} < x ≤ {high}",
                    f"${low} < x \\le {high}$",
                    f"{low} < x <= {high}",
                    f"\\({low} < x \\leq {high}\\)",
                ]
            )
        case "ratio":
            one, two = truth
            return rng.choice([f"{one}:{two}", f"{one} : {two}", f"**{one}:{two}**"])
        case "salt":
            return str(rng.choice([SALTS[truth][0], f"${SALTS[truth][1]}$", f"**{SALTS[truth][0]}**"]))
        case "labelled":
            a, b = truth
            return rng.choice(
                [
                    f"a = {a}; b = {b}",
                    f"$a={a}$ {AND[language]} $b={b}$",
                    f"a = {a}{join}b = {b}",
                    f"(a, b) = ({a}, {b})",
                ]
            )
        case "vector":
            return (
                rng.choice(
                    [
                        "[" + ", ".join(map(str, truth)) + "]",
                        r"\begin{bmatrix} " + r" & ".join(map(str, truth)) + r" \end{bmatrix}",
                    ]
                )
                if rng.random() < 0.4
                else "[" + ",".join(map(str, truth)) + "]"
            )
        case "option":
            return rng.choice(["{0}", "({0})", "{0}) {1}", "**({0}) {1}**", "{0} – {1}"]).format(
                "ABCDE"[truth], OPTIONS[truth]
            )
        case "person":
            return str(rng.choice([PEOPLE[truth], f"**{PEOPLE[truth]}**", f"_{PEOPLE[truth]}_"]))
        case "word":
            return str(rng.choice([truth, f"**{truth}**", f"`{truth}`", truth.capitalize()]))
        case "members":
            items = list(map(str, truth))
            return rng.choice(
                [
                    "{" + ",".join(items) + "}",
                    ", ".join(items[:-1]) + join + items[-1],
                    ", ".join(items),
                    f"$\\{{{', '.join(items)}\\}}$",
                ]
            )
        case "call":
            name, count = truth
            return rng.choice(
                [
                    json.dumps({"tool": name, "args": {"n": count}}),
                    json.dumps({"args": {"n": count}, "tool": name}, indent=1),
                ]
            )
    return str(truth)


DRAWS: dict[str, Callable[[Random], Any]] = {
    "number": lambda r: r.randrange(-99_999, 99_999),
    "zoned": lambda r: (r.randrange(24), r.randrange(1, 60), r.choice(["UTC", "CET", "EST", "JST"])),
    "span": lambda r: r.randrange(25, 240),
    "warmth": lambda r: r.randrange(-8, 20) * 5,
    "interval": lambda r: (low := r.randrange(-20, 20), low + r.randrange(1, 30)),
    "ratio": lambda r: r.choice([(1, 2), (2, 3), (3, 2), (3, 4), (5, 7), (7, 9), (8, 5), (9, 4)]),
    "salt": lambda r: r.randrange(len(SALTS)),
    "labelled": lambda r: (r.randrange(-30, 30), r.randrange(-30, 30)),
    "vector": lambda r: tuple(r.randrange(-20, 20) for _ in range(3)),
    "option": lambda r: r.randrange(5),
    "person": lambda r: r.randrange(len(PEOPLE)),
    "word": lambda r: r.choice(["spam", "ham", "urgent", "refund", "entailment", "contradiction"]),
    "members": lambda r: tuple(sorted(r.sample(range(1, 99), r.randrange(3, 6)))),
    "call": lambda r: (r.choice(["search", "book", "mail"]), r.randrange(1, 9)),
    "half": lambda r: r.random() < 0.5,
    "fixed": lambda r: r.randrange(2, 400),
    "denied": lambda r: r.randrange(2, 400),
    "doubt": lambda r: r.randrange(2, 400),
}
UNEQUAL_ONLY = {"denied", "doubt"}


def wrapped(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Word a whole answer."""
    if kind == "half":
        words = [*HALVES[language].split("|"), *SHORT[language].split()]
        return rng.choice(words[0::2] if truth else words[1::2])
    if kind == "fixed" and language in FIXES and rng.random() < 0.5:
        return FIXES[language].format(w=truth + rng.choice([-1, 1, 7]), r=truth)
    text = say(kind, truth, language, rng)
    if kind == "call" or rng.random() < 0.15:
        return text
    return rng.choice(WRAPS[language]).format(text)


def other(kind: str, truth: Any, rng: Random) -> Any:
    """Return a truth that differs, near where that is possible."""
    near = truth
    while near == truth:
        near = DRAWS[kind](rng)
        if isinstance(truth, tuple) and kind not in ("members", "ratio", "interval") and rng.random() < 0.7:
            at = rng.randrange(len(truth))
            near = (*truth[:at], near[at], *truth[at + 1 :])
        elif kind in ("number", "span", "fixed") and rng.random() < 0.4:
            near = truth + rng.choice([1, 10])
    return near


def main() -> None:
    """Print the counts."""
    given = arguments(__doc__, pairs=20, show=1, seed=8)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    for kind, draw in DRAWS.items():
        for language in LANGUAGES:
            for _ in range(given.pairs):
                truth = draw(rng)
                if kind in UNEQUAL_ONLY:
                    text = rng.choice((DENIALS if kind == "denied" else DOUBTS)[language].split("|"))
                    pair = [truth, other("fixed", truth, rng)]
                    rng.shuffle(pair)
                    said = text.format(truth) if kind == "denied" else text.format(*pair)
                    tally.see(kind, language, said, wrapped("fixed", truth, language, rng), equal=False)
                    continue
                for equal in (True, False):
                    one = wrapped(kind, truth, language, rng)
                    tally.see(
                        kind,
                        language,
                        one,
                        wrapped(kind, truth if equal else other(kind, truth, rng), language, rng),
                        equal=equal,
                    )
    tally.show(DRAWS, LANGUAGES)


if __name__ == "__main__":
    main()
