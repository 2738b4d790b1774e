"""A seventh round of held-back pairs: a formatter of its own, sixteen languages, kinds that rounds 1 to 6 do not have.

    python -m benchmarks.reading_round_seven [--pairs 25] [--show 1] [--seed 7]

It shares no code, tables or templates with the reader or with the rounds before. Kinds: times of day, durations, speeds,
large amounts in words, answers in two units, several parts, points, matrices, formulas, identifiers, classes, tool
arguments, queries, places in an order, options by their text, none of them, yes and no with a reserve, corrections,
sets in prose, bounds; and, of unequal pairs only, denials and two candidates.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "sv", "ja", "zh", "ko", "ar", "hi"]
WRAPS = {
    "en": ["**{}**\n\nExplanation: this follows from the statement given.", "The value you are looking for is {}.",
           "In conclusion, {}.", "So the final result is:\n\n{}", "> **Answer:** {}", "| Answer |\n|---|\n| {} |",
           "After checking twice, my answer stays {}.", "Based on the text, it is {}."],
    "de": ["**{}**\n\nErklärung: Das folgt aus der Aufgabe.", "Der gesuchte Wert ist {}.", "Zusammenfassend: {}.",
           "Das Endergebnis ist also:\n\n{}", "> **Antwort:** {}", "Nach nochmaliger Prüfung bleibt es bei {}.",
           "Laut Text ist es {}."],
    "fr": ["**{}**\n\nExplication : cela découle de l'énoncé.", "La valeur cherchée est {}.", "En conclusion, {}.",
           "Le résultat final est donc :\n\n{}", "> **Réponse :** {}", "D'après le texte, c'est {}."],
    "es": ["**{}**\n\nExplicación: se deduce del enunciado.", "El valor buscado es {}.", "En conclusión, {}.",
           "El resultado final es entonces:\n\n{}", "> **Respuesta:** {}", "Según el texto, es {}."],
    "pt": ["**{}**\n\nExplicação: isso segue do enunciado.", "O valor procurado é {}.", "Em conclusão, {}.",
           "O resultado final é então:\n\n{}", "> **Resposta:** {}", "De acordo com o texto, é {}."],
    "it": ["**{}**\n\nSpiegazione: segue dal testo.", "Il valore cercato è {}.", "In conclusione, {}.",
           "Il risultato finale è quindi:\n\n{}", "> **Risposta:** {}", "Secondo il testo, è {}."],
    "nl": ["**{}**\n\nUitleg: dit volgt uit de opgave.", "De gezochte waarde is {}.", "Concluderend: {}.",
           "Het eindresultaat is dus:\n\n{}", "> **Antwoord:** {}", "Volgens de tekst is het {}."],
    "pl": ["**{}**\n\nWyjaśnienie: wynika to z treści.", "Szukana wartość to {}.", "Podsumowując: {}.",
           "Wynik końcowy to zatem:\n\n{}", "> **Odpowiedź:** {}", "Zgodnie z tekstem jest to {}."],
    "ru": ["**{}**\n\nПояснение: это следует из условия.", "Искомое значение — {}.", "В заключение: {}.",
           "Итак, окончательный результат:\n\n{}", "> **Ответ:** {}", "Согласно тексту, это {}."],
    "tr": ["**{}**\n\nAçıklama: bu, sorudan çıkar.", "Aranan değer {}.", "Sonuç olarak: {}.", "Cevap: {}",
           "> **Yanıt:** {}", "Doğru cevap: {}"],
    "sv": ["**{}**\n\nFörklaring: det följer av uppgiften.", "Det sökta värdet är {}.", "Sammanfattningsvis: {}.",
           "Slutresultatet är alltså:\n\n{}", "> **Svar:** {}", "Rätt svar är {}."],
    "ja": ["**{}**\n\n解説：問題文から分かります。", "求める値は{}です。", "結論として、{}です。", "最終的な結果は次のとおりです。\n\n{}",
           "> **答え：** {}", "本文によると、{}です。"],
    "zh": ["**{}**\n\n解释：由题意可得。", "所求的值是{}。", "总之，{}。", "最终结果如下：\n\n{}", "> **答案：** {}", "根据文本，是{}。"],
    "ko": ["**{}**\n\n설명: 문제에서 바로 알 수 있습니다.", "구하는 값은 {}입니다.", "결론적으로 {}입니다.", "최종 결과는 다음과 같습니다:\n\n{}",
           "> **답:** {}", "본문에 따르면 {}입니다."],
    "ar": ["**{}**\n\nالشرح: هذا ناتج عن المعطيات.", "القيمة المطلوبة هي {}.", "الإجابة: {}", "النتيجة النهائية هي:\n\n{}",
           "> **الجواب:** {}", "الإجابة الصحيحة هي {}."],
    "hi": ["**{}**\n\nव्याख्या: यह प्रश्न से निकलता है।", "अभीष्ट मान {} है।", "निष्कर्ष: {}", "उत्तर: {}", "> **उत्तर:** {}",
           "सही उत्तर {} है।"],
}  # fmt: skip
AND = dict(
    zip(
        LANGUAGES,
        ["and", "und", "et", "y", "e", "e", "en", "i", "и", "ve", "och", "と", "和", "와", "و", "और"],
        strict=True,
    )
)
COMMA = {"de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "sv"}
HOURS = {
    "en": "hours minutes", "de": "Stunden Minuten", "fr": "heures minutes", "es": "horas minutos", "sv": "timmar minuter",
    "pt": "horas minutos", "it": "ore minuti", "nl": "uur minuten", "pl": "godzin minut", "ru": "часов минут",
    "tr": "saat dakika", "ja": "時間 分", "zh": "小时 分钟", "ko": "시간 분", "ar": "ساعات دقيقة", "hi": "घंटे मिनट",
}  # fmt: skip
MILLIONS = {
    "en": "million", "de": "Millionen", "fr": "millions", "es": "millones", "pt": "milhões", "it": "milioni",
    "nl": "miljoen", "pl": "milionów", "ru": "миллионов", "tr": "milyon", "sv": "miljoner", "ja": "百万", "zh": "百万",
    "ko": "백만", "ar": "ملايين", "hi": "मिलियन",
}  # fmt: skip
EUROS = {
    "en": "euros", "de": "Euro", "fr": "euros", "es": "euros", "pt": "euros", "it": "euro", "nl": "euro", "pl": "euro",
    "ru": "евро", "tr": "euro", "sv": "euro", "ja": "ユーロ", "zh": "欧元", "ko": "유로", "ar": "يورو", "hi": "यूरो",
}  # fmt: skip
CLOCKS = {
    "en": ["{h}:{m:02} {half}", "{H:02}:{m:02}", "{h}:{m:02} {dotted}"], "de": ["{H}:{m:02} Uhr", "{H:02}:{m:02}", "{H}.{m:02} Uhr"],
    "fr": ["{H} h {m:02}", "{H:02}:{m:02}", "{H}h{m:02}"], "ja": ["{H}時{m}分", "{H:02}:{m:02}"],
    "zh": ["{H}点{m}分", "{H:02}:{m:02}", "{H}:{m:02}"], "ko": ["{H}시 {m}분", "{H:02}:{m:02}"],
}  # fmt: skip
FIRST = {
    "en": ["{}th", "{}th place"], "de": ["{}.", "Platz {}"], "fr": ["{}e", "{}ème"], "es": ["{}.º", "{}º"], "pt": ["{}º"],
    "it": ["{}º", "{}°"], "nl": ["{}e", "{}de"], "pl": ["{}.", "miejsce {}."], "ru": ["{}-е", "{}-е место"], "tr": ["{}."],
    "sv": ["{}:e"], "ja": ["第{}位", "{}位"], "zh": ["第{}", "第{}名"], "ko": ["{}위", "{}번째"], "ar": ["{}"], "hi": ["{}वाँ"],
}  # fmt: skip
NONE = {
    "en": "None of the above", "de": "Keine der genannten", "fr": "Aucune de ces réponses", "es": "Ninguna de las anteriores",
    "pt": "Nenhuma das anteriores", "it": "Nessuna delle precedenti", "nl": "Geen van bovenstaande",
    "pl": "Żadna z powyższych", "ru": "Ничего из перечисленного", "tr": "Hiçbiri", "sv": "Inget av ovanstående",
    "ja": "上記のいずれでもない", "zh": "以上都不是", "ko": "위의 어느 것도 아님", "ar": "لا شيء مما سبق", "hi": "इनमें से कोई नहीं",
}  # fmt: skip
RESERVE = {
    "en": "Yes, but only on weekdays.|No, except on Sundays.|Yes|No",
    "de": "Ja, aber nur werktags.|Nein, außer sonntags.|Ja|Nein",
    "fr": "Oui, mais seulement en semaine.|Non, sauf le dimanche.|Oui|Non",
    "es": "Sí, pero solo entre semana.|No, salvo los domingos.|Sí|No",
    "pt": "Sim, mas só durante a semana.|Não, exceto aos domingos.|Sim|Não",
    "it": "Sì, ma solo nei giorni feriali.|No, tranne la domenica.|Sì|No",
    "nl": "Ja, maar alleen doordeweeks.|Nee, behalve op zondag.|Ja|Nee",
    "pl": "Tak, ale tylko w dni robocze.|Nie, z wyjątkiem niedziel.|Tak|Nie",
    "ru": "Да, но только по будням.|Нет, кроме воскресений.|Да|Нет",
    "tr": "Evet, ama sadece hafta içi.|Hayır, pazar günleri hariç.|Evet|Hayır",
    "sv": "Ja, men bara på vardagar.|Nej, utom på söndagar.|Ja|Nej",
    "ja": "はい、ただし平日のみです。|いいえ、日曜日を除きます。|はい|いいえ", "zh": "是的，但仅限工作日。|不是，周日除外。|是|不是",
    "ko": "네, 하지만 평일에만 가능합니다.|아니요, 일요일은 예외입니다.|네|아니요",
    "ar": "نعم، ولكن في أيام الأسبوع فقط.|لا، باستثناء أيام الأحد.|نعم|لا", "hi": "हाँ, लेकिन केवल कार्यदिवसों में।|नहीं, रविवार को छोड़कर।|हाँ|नहीं",
}  # fmt: skip
TURNS = {
    "en": "The answer is {w}. Wait, no, that double counts. The answer is {r}.|I first got {w}, but correcting the slip, the answer is {r}.",
    "de": "Die Antwort ist {w}. Moment, das stimmt nicht. Die Antwort ist {r}.|Zuerst kam {w} heraus; richtig ist aber: {r}.",
    "fr": "La réponse est {w}. Attendez, non : la réponse est {r}.", "es": "La respuesta es {w}. Espera, no. La respuesta es {r}.",
    "pt": "A resposta é {w}. Espere, não. A resposta é {r}.", "it": "La risposta è {w}. Aspetta, no. La risposta è {r}.",
    "nl": "Het antwoord is {w}. Wacht, nee. Het antwoord is {r}.", "pl": "Odpowiedź to {w}. Chwila, nie. Odpowiedź to {r}.",
    "ru": "Ответ: {w}. Стоп, нет. Ответ: {r}.", "tr": "Cevap: {w}. Bir dakika, hayır. Cevap: {r}.",
    "sv": "Svaret är {w}. Vänta, nej. Svaret är {r}.", "ja": "答えは{w}です。いや、違います。答えは{r}です。",
    "zh": "答案是{w}。等等，不对。答案是{r}。", "ko": "답은 {w}입니다. 아니, 잠깐만요. 답은 {r}입니다.",
    "ar": "الإجابة: {w}. لحظة، لا. الإجابة: {r}", "hi": "उत्तर: {w}। रुकिए, नहीं। उत्तर: {r}।",
}  # fmt: skip
DENIALS = {
    "en": "It cannot be {}.|The answer is certainly not {}.|Anything but {}.", "de": "Es kann nicht {} sein.|Die Antwort ist sicher nicht {}.",
    "fr": "Ce ne peut pas être {}.|La réponse n'est pas {}.", "es": "No puede ser {}.|La respuesta no es {}.",
    "pt": "Não pode ser {}.|A resposta não é {}.", "it": "Non può essere {}.|La risposta non è {}.", "nl": "Het kan niet {} zijn.|Het antwoord is niet {}.",
    "pl": "To nie może być {}.|Odpowiedź to nie {}.", "ru": "Это не может быть {}.|Ответ не {}.", "tr": "Cevap {} değil.|Cevap {} olamaz.",
    "sv": "Det kan inte vara {}.|Svaret är inte {}.", "ja": "答えは{}ではありません。|{}のはずがない。", "zh": "答案不是{}。|不可能是{}。",
    "ko": "답은 {}이 아닙니다.|{}일 리가 없습니다.", "ar": "الإجابة ليست {}.|لا يمكن أن تكون {}.", "hi": "उत्तर {} नहीं है।|यह {} नहीं हो सकता।",
}  # fmt: skip
EITHER = {
    "en": "Either {} or {}.", "de": "Entweder {} oder {}.", "fr": "Soit {}, soit {}.", "es": "O {} o {}.", "pt": "Ou {} ou {}.",
    "it": "O {} o {}.", "nl": "Of {} of {}.", "pl": "Albo {}, albo {}.", "ru": "Либо {}, либо {}.", "tr": "Ya {} ya da {}.",
    "sv": "Antingen {} eller {}.", "ja": "{}または{}です。", "zh": "{}或者{}。", "ko": "{} 또는 {}입니다.", "ar": "إما {} أو {}.", "hi": "या तो {} या {}।",
}  # fmt: skip
CLASSES = ["positive", "negative", "neutral", "billing", "shipping", "other"]
CITIES = ["Porto", "Lyon", "Gdansk", "Osaka", "Bergen", "Lima", "Quito", "Dakar"]
FORMULAS = [("H2SO4", "H₂SO₄", r"\mathrm{H_2SO_4}", r"H_2SO_4"), ("H2SO3", "H₂SO₃", r"\mathrm{H_2SO_3}", r"H_2SO_3"),
            ("CO2", "CO₂", r"\text{CO}_2", r"CO_2"), ("CO", "CO", r"\text{CO}", "CO"), ("Fe2O3", "Fe₂O₃", r"\mathrm{Fe_2O_3}", r"Fe_2O_3"),
            ("Fe3O4", "Fe₃O₄", r"\mathrm{Fe_3O_4}", r"Fe_3O_4"), ("C6H12O6", "C₆H₁₂O₆", r"\mathrm{C_6H_{12}O_6}", r"C_6H_{12}O_6")]  # fmt: skip


def _figure(value: int, language: str, places: int = 0) -> str:
    text = f"{abs(value) / 10**places:.{places}f}"
    return ("-" if value < 0 else "") + (text.replace(".", ",") if language in COMMA else text)


def say(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Write a value, without the words around it."""
    join = f" {AND[language]} " if language not in ("ja", "zh") else AND[language]
    match kind:
        case "clock":
            hour, minute = divmod(truth, 60)
            form = rng.choice(CLOCKS.get(language, ["{H:02}:{m:02}", "{H}:{m:02}"]))
            halves = ("AM", "a.m.") if hour < 12 else ("PM", "p.m.")
            return str(form.format(h=(hour - 1) % 12 + 1, H=hour, m=minute, half=halves[0], dotted=halves[1]))
        case "duration":
            hours, minutes = HOURS[language].split()
            blank = "" if language in ("ja", "zh", "ko") else " "
            whole, rest = divmod(truth, 60)
            both = join if rng.random() < 0.5 else " "
            return rng.choice(
                [
                    f"{truth}{blank}{minutes}",
                    f"{whole}{blank}{hours}{both}{rest}{blank}{minutes}",
                    f"{whole} h {rest} min",
                ]
            )
        case "speed":
            return rng.choice(
                [f"{truth * 18} km/h", f"{truth * 5} m/s", rf"{truth * 5}\ \text{{m/s}}", f"{truth * 5} m·s⁻¹"]
            )
        case "millions":
            blank = "" if language in ("ja", "zh") else " "
            return rng.choice([f"{_figure(truth, language, 1)}{blank}{MILLIONS[language]}{blank}{EUROS[language]}",
                               f"€{truth * 100_000}", f"{truth * 100_000} {EUROS[language]}", f"{truth * 100_000} EUR"])  # fmt: skip
        case "restated":
            return rng.choice(
                [
                    f"{truth} km ({truth * 1000} m)",
                    f"{truth} km",
                    f"{truth * 1000} m ({truth} km)",
                    f"{truth} km = {truth * 1000} m",
                ]
            )
        case "parts":
            x, y = truth
            return rng.choice(
                [
                    f"x = {x}, y = {y}",
                    f"x = {x}{join}y = {y}",
                    f"$x = {x}$, $y = {y}$",
                    f"(x, y) = ({x}, {y})",
                    f"x={x}, y={y}",
                ]
            )
        case "point":
            x, y = truth
            return rng.choice(
                [f"({x}, {y})", f"$({x}, {y})$", f"({x},{y})", rf"\left({x}, {y}\right)", f"( {x} , {y} )"]
            )
        case "matrix":
            a, b, c, d = truth
            return rng.choice([f"[[{a}, {b}], [{c}, {d}]]", rf"\begin{{pmatrix}} {a} & {b} \\ {c} & {d} \end{{pmatrix}}",
                               rf"\[\begin{{bmatrix}}{a} & {b}\\{c} & {d}\end{{bmatrix}}\]", f"[[{a},{b}],[{c},{d}]]"])  # fmt: skip
        case "formula":
            form = FORMULAS[truth]
            return rng.choice([form[0], form[1], f"${form[2]}$", f"\\({form[3]}\\)", f"**{form[1]}**"])
        case "identifier":
            return rng.choice([truth, f"`{truth}`", f"**{truth}**", f'"{truth}"'])
        case "class":
            return str(
                rng.choice(
                    [
                        CLASSES[truth],
                        CLASSES[truth].title(),
                        f"**{CLASSES[truth].title()}**",
                        f"`{CLASSES[truth]}`",
                        f'"{CLASSES[truth]}"',
                    ]
                )
            )
        case "arguments":
            city, days = truth
            made = {"name": "forecast", "arguments": {"city": CITIES[city], "days": days}}
            turned = {"arguments": {"days": days, "city": CITIES[city]}, "name": "forecast"}
            return rng.choice(
                [
                    json.dumps(made),
                    json.dumps(turned, indent=2),
                    f"```json\n{json.dumps(made, indent=2)}\n```",
                    json.dumps(turned, separators=(",", ":")),
                ]
            )
        case "query":
            table, limit = truth
            lines = ["SELECT name, price", f"FROM {table}", f"WHERE price > {limit}", "ORDER BY price DESC;"]
            one = " ".join(lines)
            return rng.choice(
                [
                    "```sql\n" + "\n".join(lines) + "\n```",
                    f"```sql\n{one}\n```",
                    "```sql\n" + "\n  ".join(lines).rstrip(";") + "\n```",
                ]
            )
        case "place":
            return str(rng.choice(FIRST[language]).format(truth))
        case "option":
            letter, city = "ABCDEFGH"[truth], CITIES[truth]
            return rng.choice(
                [f"{letter}) {city}", f"({letter}) {city}", f"**{letter}. {city}**", f"{letter}", f"{letter}: {city}"]
            )
        case "none":
            return NONE[language] if truth < 0 else CITIES[truth]
        case "set":
            items = [str(i) for i in truth]
            prose = ", ".join(items[:-1]) + join + items[-1]
            return rng.choice([prose, ", ".join(items), "{" + ", ".join(items) + "}", r"\{" + ", ".join(items) + r"\}"])
        case "bound":
            sign, value = truth
            tex = {"<": "<", ">": ">", "≤": r"\le", "≥": r"\geq"}[sign]
            return rng.choice([f"x {sign} {value}", f"$x {tex} {value}$", f"x{sign}{value}", f"**x {sign} {value}**"])
    return str(truth)


def _identifier(rng: Random) -> str:
    word, number = rng.choice(["alpha", "order", "report", "user"]), rng.randrange(1000)
    return rng.choice([f"{word}_{number}@mail.example", f"https://example.org/{word}/{number}", f"/srv/{word}/{number}.csv",
                       f"INV-2024-{number:04}", f"{number % 9}.{number % 7}.{number % 23}", f"+49 30 {number:04}{number % 97:02}",
                       f"192.168.{number % 255}.{number % 91}", f"{word}_{number}"])  # fmt: skip


def _signed(rng: Random) -> int:
    return rng.randrange(-30, 31)


DRAWS: dict[str, Callable[[Random], Any]] = {
    "clock": lambda r: r.randrange(24) * 60 + r.randrange(1, 60),
    "duration": lambda r: r.randrange(61, 600),
    "speed": lambda r: r.randrange(1, 30),
    "millions": lambda r: r.randrange(11, 999),
    "restated": lambda r: r.randrange(2, 300),
    "parts": lambda r: (_signed(r), _signed(r)),
    "point": lambda r: (_signed(r), _signed(r)),
    "matrix": lambda r: tuple(_signed(r) for _ in range(4)),
    "formula": lambda r: r.randrange(len(FORMULAS)),
    "identifier": _identifier,
    "class": lambda r: r.randrange(len(CLASSES)),
    "arguments": lambda r: (r.randrange(8), r.randrange(1, 15)),
    "query": lambda r: (r.choice(["items", "orders", "books"]), r.randrange(5, 50)),
    "place": lambda r: r.randrange(4, 20),
    "option": lambda r: r.randrange(8),
    "none": lambda r: r.choice([-1, -1, *range(8)]),
    "reserve": lambda r: r.random() < 0.5,
    "turn": lambda r: r.randrange(2, 400),
    "set": lambda r: tuple(sorted(r.sample(range(1, 60), r.randrange(2, 6)))),
    "bound": lambda r: (r.choice("<>≤≥"), _signed(r)),
    "denied": lambda r: r.randrange(2, 400),
    "either": lambda r: r.randrange(2, 400),
}
BLOCKS = {"arguments", "query"}
UNEQUAL_ONLY = {"denied", "either"}


def wrapped(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Word a whole answer."""
    if kind == "reserve":
        long_yes, long_no, yes, no = RESERVE[language].split("|")
        return rng.choice([long_yes, yes] if truth else [long_no, no])
    if kind == "turn" and rng.random() < 0.6:
        wrong = truth + rng.choice([-1, 1, 10])
        return rng.choice(TURNS[language].split("|")).format(w=wrong, r=truth)
    text = say(kind, truth, language, rng)
    if kind in BLOCKS or rng.random() < 0.15:
        return text
    if rng.random() < 0.12 and "\\" not in text and "$" not in text and "`" not in text and "*" not in text:
        return json.dumps({"explanation": "see above", "answer": text}, ensure_ascii=False)
    return str(rng.choice(WRAPS[language]).format(text)).replace("..", ".")


def other(kind: str, truth: Any, rng: Random) -> Any:
    """Return a truth that differs, near where that is possible."""
    near = truth
    while near == truth or ({near, truth} <= {3, 2} and kind == "formula" and rng.random() < 0.5):
        drawn = DRAWS[kind](rng)
        if isinstance(truth, tuple) and kind != "set" and rng.random() < 0.7:
            at = rng.randrange(len(truth))
            near = (*truth[:at], drawn[at], *truth[at + 1 :])
        elif (
            isinstance(truth, int)
            and kind in ("clock", "duration", "speed", "millions", "restated", "place")
            and rng.random() < 0.4
        ):
            near = truth + rng.choice([1, 10]) if kind != "clock" else (truth + rng.choice([1, 720])) % 1440
        else:
            near = drawn
    return near


def unequal_only(kind: str, truth: Any, language: str, rng: Random) -> tuple[str, str]:
    """Return what denies a number, or names two, and that number."""
    plain = rng.choice([str(truth), wrapped("turn", truth, language, rng)])
    if kind == "denied":
        return rng.choice(DENIALS[language].split("|")).format(truth), plain
    pair = [truth, other("turn", truth, rng)]
    rng.shuffle(pair)
    return EITHER[language].format(*pair), plain


def main() -> None:
    """Print the counts."""
    given = arguments(__doc__, pairs=25, show=1, seed=7)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    for kind, draw in DRAWS.items():
        for language in LANGUAGES:
            for _ in range(given.pairs):
                truth = draw(rng)
                if kind in UNEQUAL_ONLY:
                    tally.see(kind, language, *unequal_only(kind, truth, language, rng), equal=False)
                    continue
                for equal in (True, False):
                    one = wrapped(kind, truth, language, rng)
                    two = wrapped(kind, truth if equal else other(kind, truth, rng), language, rng)
                    tally.see(kind, language, one, two, equal=equal)
    tally.show(DRAWS, LANGUAGES)


if __name__ == "__main__":
    main()
