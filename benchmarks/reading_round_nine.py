"""A ninth round of pairs: templates written after rounds 7 and 8 were mended.

    python -m benchmarks.reading_round_nine [--pairs 60] [--show 1] [--seed 9]

It shares no code, tables or templates with the reader or with the rounds before. `reading_round_ten` draws the same values
and words them otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "sv", "ja", "zh"]
WRAPS = {
    "en": ["After working through the numbers, I arrived at {}.", "Your result: {}", "Let me summarize:\n\n- the input was valid\n- the outcome: **{}**",
           "It turns out to be {}.", "{}\n\nThis follows directly from the table above.", "The correct response here is {}.", "Ans. {}"],
    "de": ["Nach der Berechnung ergibt sich {}.", "Dein Ergebnis: {}", "Es handelt sich um {}.", "{}\n\nDas folgt direkt aus der Tabelle oben.",
           "Richtig wäre hier {}.", "Gesucht war {}."],
    "fr": ["Après calcul, on obtient {}.", "Ton résultat : {}", "Il s'agit de {}.", "{}\n\nCela découle directement du tableau ci-dessus.",
           "La solution recherchée est {}."],
    "es": ["Tras hacer los cálculos, se obtiene {}.", "Tu resultado: {}", "Se trata de {}.", "{}\n\nEsto se deduce de la tabla anterior.", "Lo correcto aquí es {}."],
    "pt": ["Depois dos cálculos, obtém-se {}.", "Seu resultado: {}", "Trata-se de {}.", "{}\n\nIsso decorre da tabela acima.", "O correto aqui é {}."],
    "it": ["Dopo i calcoli si ottiene {}.", "Il tuo risultato: {}", "Si tratta di {}.", "{}\n\nSi ricava dalla tabella sopra.", "La scelta giusta è {}."],
    "nl": ["Na het rekenwerk krijg ik {}.", "Jouw resultaat: {}", "Het gaat om {}.", "{}\n\nDat volgt uit de tabel hierboven.", "Correct is hier {}."],
    "pl": ["Po obliczeniach otrzymuję {}.", "Twój wynik: {}", "Chodzi o {}.", "{}\n\nWynika to z powyższej tabeli.", "Poprawnie będzie {}."],
    "ru": ["После вычислений получаем {}.", "Ваш результат: {}", "Речь идёт о {}.", "{}\n\nЭто следует из таблицы выше.", "Правильным будет {}."],
    "sv": ["Efter uträkningen får jag {}.", "Ditt resultat: {}", "Det rör sig om {}.", "{}\n\nDet framgår av tabellen ovan.", "Rätt är {}."],
    "ja": ["計算の結果、{}となりました。", "結果は{}です。", "{}\n\n上の表から分かります。", "該当するのは{}です。", "正しいのは{}です。"],
    "zh": ["经过计算，得到{}。", "您的结果：{}", "{}\n\n由上表直接得出。", "应选{}。", "结果应为{}。"],
}  # fmt: skip
COMMA = {"de", "fr", "es", "pt", "it", "nl", "pl", "ru", "sv"}
POUNDS = {"en": "pounds sterling", "ja": "ポンド", "zh": "英镑"}
SHARES = {"en": "percent", "de": "Prozent", "fr": "pour cent", "es": "por ciento", "ja": "パーセント"}
MONTHS = ["January", "April", "July", "October"]
YES = {"en": "Yes No", "de": "Ja Nein", "fr": "Oui Non", "es": "Sí No", "pt": "Sim Não", "it": "Sì No", "nl": "Ja Nee", "pl": "Tak Nie",
       "ru": "Да Нет", "sv": "Ja Nej", "ja": "はい いいえ", "zh": "是 不是"}  # fmt: skip
WHY = {"en": "the contract says so", "de": "so steht es im Vertrag", "fr": "le contrat le dit", "es": "lo dice el contrato", "pt": "o contrato diz isso",
       "it": "lo dice il contratto", "nl": "dat staat in het contract", "pl": "tak mówi umowa", "ru": "так сказано в договоре", "sv": "det står i avtalet",
       "ja": "契約書にあります", "zh": "合同如此规定"}  # fmt: skip
REFUTED = {
    "en": "{} does not work.|Ruling out {}.|You might expect {}, which would be a mistake.", "de": "{} passt nicht.|{} kommt nicht infrage.", "fr": "{} ne convient pas.|On écarte {}.",
    "es": "{} no sirve.|Hay que descartar {}.", "pt": "{} não serve.|Podemos descartar {}.", "it": "{} non va bene.|Si può scartare {}.", "nl": "{} voldoet niet.|{} valt af.",
    "pl": "{} nie pasuje.|{} odpada.", "ru": "{} не подходит.|{} отпадает.", "sv": "{} fungerar inte.|Vi kan stryka {}.", "ja": "{}は当てはまりません。|{}は除外できます。", "zh": "{}不符合。|可以排除{}。",
}  # fmt: skip
TORN = {
    "en": "I'm torn: {} or {}?|Could be {}; could be {}.", "de": "Ich schwanke zwischen {} und {}.", "fr": "J'hésite entre {} et {}.", "es": "Dudo entre {} y {}.", "pt": "Estou entre {} e {}.",
    "it": "Sono indeciso tra {} e {}.", "nl": "Ik twijfel tussen {} en {}.", "pl": "Waham się między {} a {}.", "ru": "Колеблюсь между {} и {}.", "sv": "Jag tvekar mellan {} och {}.",
    "ja": "{}か{}で迷っています。", "zh": "在{}和{}之间犹豫。",
}  # fmt: skip
TEAMS = ["Ajax", "Benfica", "Celtic", "Porto", "Lazio", "Getafe"]


def say(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Write a value, without the words around it."""
    match kind:
        case "whole":
            return rng.choice([str(truth), f"**{truth}**", f"${truth}$"])
        case "pounds":
            text = f"{truth / 100:.2f}"
            text = text.replace(".", ",") if language in COMMA else text
            return rng.choice(
                [
                    f"£{truth / 100:.2f}" if language not in COMMA else f"{text} £",
                    f"{text} GBP",
                    f"{text} {POUNDS.get(language, 'GBP')}",
                ]
            )
        case "share":
            return rng.choice([f"{truth}%", f"{truth} %", f"{truth} {SHARES.get(language, '%')}", f"${truth}\\%$"])
        case "mass":
            return rng.choice(
                [
                    f"{truth} kg",
                    f"{truth * 1000} g",
                    f"{truth}kg",
                    f"$ {truth}\\,\\mathrm{{kg}} $".replace("$ ", "$").replace(" $", "$"),
                ]
            )
        case "clock":
            return rng.choice([f"{truth // 60:02}:{truth % 60:02}", f"{truth // 60}:{truth % 60:02}"])
        case "triple":
            return rng.choice(["({}, {}, {})", "({},{},{})", r"\(({}, {}, {})\)"]).format(*truth)
        case "bound":
            return rng.choice(["{} ≤ n", "n ≥ {}", "n >= {}", r"$n \geq {}$"]).format(truth)
        case "letter":
            return rng.choice(["{}", "({})", "**{}**", "{})"]).format("ABCDE"[truth])
        case "team":
            return str(rng.choice([TEAMS[truth], f"**{TEAMS[truth]}**"]))
        case "set":
            items = [str(item) for item in truth]
            return rng.choice(
                [
                    ", ".join(items),
                    "{" + ", ".join(items) + "}",
                    "[" + ", ".join(items) + "]" if rng.random() < 0.1 else ", ".join(items),
                ]
            )
        case "record":
            made = {"id": truth, "status": "open"}
            return rng.choice(
                [
                    json.dumps(made),
                    json.dumps(made, indent=4),
                    "```json\n" + json.dumps(dict(reversed(made.items()))) + "\n```",
                ]
            )
    return str(truth)


DRAWS: dict[str, Callable[[Random], Any]] = {
    "whole": lambda r: r.randrange(1, 999),
    "pounds": lambda r: r.randrange(100, 99_999),
    "share": lambda r: r.randrange(1, 100),
    "mass": lambda r: r.randrange(1, 90),
    "clock": lambda r: r.randrange(60, 1440),
    "triple": lambda r: tuple(r.randrange(-9, 10) for _ in range(3)),
    "bound": lambda r: r.randrange(1, 60),
    "letter": lambda r: r.randrange(5),
    "team": lambda r: r.randrange(len(TEAMS)),
    "set": lambda r: tuple(sorted(r.sample(range(2, 80), 3))),
    "record": lambda r: r.randrange(100, 200),
    "because": lambda r: r.random() < 0.5,
    "refuted": lambda r: r.randrange(2, 999),
    "torn": lambda r: r.randrange(2, 999),
}
Templates = dict[str, list[str]]


def wrapped(kind: str, truth: Any, language: str, rng: Random, wraps: Templates) -> str:
    """Word a whole answer."""
    if kind == "because":
        word = YES[language].split()[0 if truth else 1]
        return rng.choice(
            [f"{word}.", f"**{word}**, {WHY[language]}.", f"{word} — {WHY[language]}.", f"{word}; {WHY[language]}."]
        )
    text = say(kind, truth, language, rng)
    return text if kind == "record" or rng.random() < 0.15 else rng.choice(wraps[language]).format(text)


def run(about: str | None, seed: int, wraps: Templates, refuted: dict[str, str], torn: dict[str, str]) -> None:
    """Draw the pairs, word them by the templates, and print the counts."""
    given = arguments(about, pairs=60, show=1, seed=seed)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    unequal_only = {"refuted": refuted, "torn": torn}
    for kind, draw in DRAWS.items():
        for language in LANGUAGES:
            for _ in range(given.pairs):
                truth, near = draw(rng), draw(rng)
                while near == truth:
                    near = draw(rng)
                if kind in unequal_only:
                    pair = [truth, near]
                    rng.shuffle(pair)
                    template = rng.choice(unequal_only[kind][language].split("|"))
                    said = template.format(truth) if template.count("{}") == 1 else template.format(*pair)
                    tally.see(kind, language, said, wrapped("whole", truth, language, rng, wraps), equal=False)
                    continue
                for equal in (True, False):
                    one, two = (
                        wrapped(kind, value, language, rng, wraps) for value in (truth, truth if equal else near)
                    )
                    tally.see(kind, language, one, two, equal=equal)
    tally.show(DRAWS, LANGUAGES)


def main() -> None:
    """Print the counts."""
    run(__doc__, 9, WRAPS, REFUTED, TORN)


if __name__ == "__main__":
    main()
