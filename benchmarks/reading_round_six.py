"""A sixth round of held-back pairs: a formatter of its own, twelve languages, as models of many makers end answers.

    python -m benchmarks.reading_round_six [--pairs 40] [--show 2] [--seed 6]

It shares no code, tables or templates with the reader or with the rounds before. Kinds: numbers, numbers in words,
money, quantities, shares, fractions, ranges, choices, yes and no, dates, lists, names, and the lines of a code review.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from benchmarks.reading_tally import ReadingTally, arguments

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "pl", "ru", "ja", "zh", "ko"]
WRAPS = {
    "en": [
        "Let me work this out.\n\nStep 1: read what is given.\nStep 2: put it together.\n\n**So we end up with {}.**",
        "Short answer: {}", "### Result\n\n{}", "That gives us **{}**.", "I get {}.", "It comes out to {}.",
        "{}\n\nLet me know if you'd like me to walk through the steps!", "Hence, the correct value is {}.",
        "TL;DR: {}", "✅ **Final answer:** {}", "Putting it all together, it should be **{}**.",
    ],
    "de": [
        "Gehen wir es der Reihe nach durch.\n\nDaraus folgt: **{}**.", "Kurz gesagt: {}", "### Ergebnis\n\n{}",
        "Das macht **{}**.", "Ich komme auf {}.", "Am Ende erhält man {}.", "Somit lautet die Lösung: {}.",
        "{}\n\nSag Bescheid, wenn du den Rechenweg sehen möchtest!", "✅ **Endergebnis:** {}",
    ],
    "fr": [
        "Procédons par étapes.\n\nOn obtient donc **{}**.", "En bref : {}", "### Résultat\n\n{}", "Cela donne **{}**.",
        "Je trouve {}.", "Au final, on arrive à {}.", "La bonne réponse est donc {}.",
        "{}\n\nN'hésitez pas si vous voulez le détail du calcul !", "✅ **Réponse finale :** {}",
    ],
    "es": [
        "Vamos paso a paso.\n\nPor lo tanto, obtenemos **{}**.", "En resumen: {}", "### Resultado\n\n{}",
        "Eso nos da **{}**.", "Me sale {}.", "Al final queda {}.", "La solución es, pues, {}.",
        "{}\n\n¡Avísame si quieres ver el procedimiento!", "✅ **Respuesta final:** {}",
    ],
    "pt": [
        "Vamos por partes.\n\nPortanto, obtemos **{}**.", "Resumindo: {}", "### Resultado\n\n{}", "Isso dá **{}**.",
        "Cheguei a {}.", "No fim, temos {}.", "A resposta correta é {}.",
        "{}\n\nSe quiser, posso mostrar o passo a passo!", "✅ **Resposta final:** {}",
    ],
    "it": [
        "Procediamo con ordine.\n\nQuindi otteniamo **{}**.", "In breve: {}", "### Risultato\n\n{}",
        "Questo ci dà **{}**.", "Ottengo {}.", "Alla fine si arriva a {}.", "La soluzione è dunque {}.",
        "{}\n\nFammi sapere se vuoi vedere i passaggi!", "✅ **Risposta finale:** {}",
    ],
    "nl": [
        "Laten we stap voor stap kijken.\n\nDus we krijgen **{}**.", "Kort gezegd: {}", "### Resultaat\n\n{}",
        "Dat geeft **{}**.", "Ik kom uit op {}.", "Uiteindelijk is het {}.", "Het juiste antwoord is dus {}.",
        "{}\n\nLaat het me weten als je de berekening wilt zien!", "✅ **Eindantwoord:** {}",
    ],
    "pl": [
        "Przejdźmy przez to krok po kroku.\n\nOtrzymujemy zatem **{}**.", "W skrócie: {}", "### Wynik\n\n{}",
        "To daje **{}**.", "Wychodzi {}.", "Ostatecznie mamy {}.", "Prawidłowa odpowiedź to {}.",
        "{}\n\nDaj znać, jeśli chcesz zobaczyć obliczenia!", "✅ **Ostateczna odpowiedź:** {}",
    ],
    "ru": [
        "Разберём по шагам.\n\nТаким образом, получаем **{}**.", "Если коротко: {}", "### Результат\n\n{}",
        "Это даёт **{}**.", "У меня получилось {}.", "В итоге выходит {}.", "Правильный ответ — {}.",
        "{}\n\nДайте знать, если нужен ход решения!", "✅ **Окончательный ответ:** {}",
    ],
    "ja": [
        "順番に考えましょう。\n\nしたがって、**{}** となります。", "結論：{}", "### 結果\n\n{}", "つまり{}です。",
        "計算すると{}になります。", "正解は「{}」です。", "よって、答えは **{}** です。",
        "{}\n\n途中の計算が必要でしたらお知らせください。", "✅ **最終回答：** {}",
    ],
    "zh": [
        "我们一步一步来分析。\n\n因此，结果是 **{}**。", "简而言之：{}", "### 结果\n\n{}", "所以得到 **{}**。",
        "算出来是{}。", "正确答案是：{}。", "综上所述，答案为{}。", "{}\n\n如果需要详细步骤，请告诉我！",
        "✅ **最终答案：** {}",
    ],
    "ko": [
        "차근차근 살펴보겠습니다.\n\n따라서 결과는 **{}**입니다.", "요약: {}", "### 결과\n\n{}", "즉, {}입니다.",
        "계산하면 {}이 됩니다.", "정답은 {}입니다.", "그러므로 답은 **{}** 입니다.",
        "{}\n\n풀이 과정이 필요하시면 말씀해 주세요!", "✅ **최종 답변:** {}",
    ],
}  # fmt: skip
COUNTS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "pt": "zero um dois três quatro cinco seis sete oito nove dez onze doze",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    "ja": "零 一 二 三 四 五 六 七 八 九 十 十一 十二",
    "zh": "零 一 二 三 四 五 六 七 八 九 十 十一 十二",
    "ko": "영 일 이 삼 사 오 육 칠 팔 구 십 십일 십이",
}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
    "pl": "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia",
    "ru": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
}
DAYS = {
    "en": ["{d} {m} {y}", "{m} {d}, {y}", "the {d}th of {m} {y}"], "de": ["{d}. {m} {y}", "{d}.{n:02}.{y}"],
    "es": ["{d} de {m} de {y}", "el {d} de {m} de {y}"], "pt": ["{d} de {m} de {y}"], "pl": ["{d} {m} {y} r."],
    "fr": ["{d} {m} {y}", "le {d} {m} {y}"], "ru": ["{d} {m} {y} года", "{d} {m} {y} г."],
    "ja": ["{y}年{n}月{d}日"], "zh": ["{y}年{n}月{d}日"], "ko": ["{y}년 {n}월 {d}일"],
}  # fmt: skip
YES_NO = {
    "en": "Yes No", "de": "Ja Nein", "fr": "Oui Non", "es": "Sí No", "pt": "Sim Não", "it": "Sì No", "nl": "Ja Nee",
    "pl": "Tak Nie", "ru": "Да Нет", "ja": "はい いいえ", "zh": "是 否", "ko": "예 아니요",
}  # fmt: skip
BECAUSE = {
    "en": ", that's right.|, that's not the case.", "de": ", das stimmt.|, das stimmt nicht.",
    "fr": ", c'est exact.|, ce n'est pas le cas.", "es": ", es correcto.|, no es así.", "pt": ", está certo.|, não é.",
    "it": ", è vero.|, non è vero.", "nl": ", dat klopt.|, dat klopt niet.", "pl": ", to prawda.|, to nieprawda.",
    "ru": ", это верно.|, это неверно.", "ja": "、その通りです。|、違います。", "zh": "，是这样的。|，不是这样的。",
    "ko": ", 맞습니다.|, 그렇지 않습니다.",
}  # fmt: skip
OPTION = {
    "en": ["option {}", "answer choice ({})"], "de": ["Option {}", "Antwort {}"], "fr": ["l'option {}", "réponse {}"],
    "es": ["la opción {}", "el inciso {}"], "pt": ["a alternativa {}", "letra {}"], "it": ["l'opzione {}"],
    "nl": ["optie {}"], "pl": ["opcja {}"], "ru": ["вариант {}"], "ja": ["選択肢{}", "({})"], "zh": ["选项{}", "{}项"],
    "ko": ["선택지 {}", "{}번"],
}  # fmt: skip
AND = dict(zip(LANGUAGES, ["and", "und", "et", "y", "e", "e", "en", "i", "и", "、", "和", "및"], strict=True))
ITEMS = {
    "en": "copper zinc nickel cobalt iron tin", "de": "Kupfer Zink Nickel Kobalt Eisen Zinn",
    "fr": "cuivre zinc nickel cobalt fer étain", "es": "cobre zinc níquel cobalto hierro estaño",
    "pt": "cobre zinco níquel cobalto ferro estanho", "it": "rame zinco nichel cobalto ferro stagno",
    "nl": "koper zink nikkel kobalt ijzer tin", "pl": "miedź cynk nikiel kobalt żelazo cyna",
    "ru": "медь цинк никель кобальт железо олово", "ja": "銅 亜鉛 ニッケル コバルト 鉄 錫", "zh": "铜 锌 镍 钴 铁 锡",
    "ko": "구리 아연 니켈 코발트 철 주석",
}  # fmt: skip
NAMES = [
    ("Dr. Rosalind Franklin", "Rosalind Franklin"), ("The Great Gatsby", "Great Gatsby"), ("Sir Isaac Newton",
    "Isaac Newton"), ("Professor Ada Yonath", "Ada Yonath"), ("Boeing 747", "Boeing 747"), ("Boeing 737", "Boeing 737"),
    ("Henry VIII", "Henry VIII"), ("Henry VII", "Henry VII"), ("The Hague", "The Hague"), ("São Paulo", "São Paulo"),
    ("Marie Curie", "Marie Curie"), ("Pierre Curie", "Pierre Curie"), ("Saint Petersburg", "Saint Petersburg"),
    ("Apollo 13", "Apollo 13"), ("the Netherlands", "Netherlands"), ("C++", "C++"), ("C#", "C#"), ("C", "C"),
]  # fmt: skip
MONEY = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩"}
SIZES = {"m": ("km", 1000), "g": ("kg", 1000), "mL": ("L", 1000), "s": ("min", 60), "mm": ("cm", 10), "W": ("kW", 1000)}
KEYS = ["answer", "result", "final_answer"]


def figures(value: int, places: int, language: str, rng: Random) -> str:
    """Write value / 10**places in the manner of a language."""
    whole, rest = divmod(abs(value), 10**places)
    group = {"en": ",", "ja": ",", "zh": ",", "ko": ",", "de": ".", "es": ".", "pt": ".", "it": ".", "nl": "."}
    mark = group.get(language, " ") if rng.random() < 0.6 else ""
    point = "." if group.get(language) == "," else ","
    if mark and mark != "," and not places and 1000 <= whole < 1_000_000:
        mark = ""  # a lone point before three digits has two readings
    text = f"{whole:,}".replace(",", mark) if whole >= 10_000 or language == "en" else str(whole)
    text += f"{point}{rest:0{places}}" if places else ""
    return (rng.choice("-−–") if value < 0 else "") + text


def say(kind: str, truth: Any, language: str, rng: Random) -> str:  # noqa: C901, PLR0912 - one branch a kind
    """Word the bare value."""
    match kind:
        case "number":
            return figures(truth[0], truth[1], language, rng)
        case "digits":
            zero = rng.choice("٠०０۰")
            return "".join(chr(ord(zero) + int(d)) for d in str(truth)) if rng.random() < 0.6 else str(truth)
        case "words":
            word: str = COUNTS[language].split()[truth]
            return rng.choice([word, word.capitalize(), str(truth), f"{word} ({truth})"])
        case "money":
            value, code = truth
            text = figures(value, 2, language, rng)
            before = language in ("en", "ja", "zh", "ko", "pt")
            marked = f"{MONEY[code]}{text}" if before else f"{text} {MONEY[code]}"
            return rng.choice([marked, f"{text} {code}", f"{code} {text}"])
        case "quantity":
            value, unit = truth
            big, scale = SIZES[unit]
            if rng.random() < 0.4 and value % scale == 0:
                return f"{value // scale}{rng.choice(['', ' ', chr(160)])}{big}"
            return f"{value}{rng.choice(['', ' ', chr(160)])}{unit}"
        case "percent":
            return figures(truth, 1, language, rng) + rng.choice(["%", " %", "\N{NARROW NO-BREAK SPACE}%", "\\%"])
        case "fraction":
            top, low = truth
            return rng.choice([f"{top}/{low}", f"\\frac{{{top}}}{{{low}}}", f"$\\dfrac{{{top}}}{{{low}}}$",
                               f"\\boxed{{\\frac{{{top}}}{{{low}}}}}", f"{top}⁄{low}"])  # fmt: skip
        case "range":
            low, high = truth
            return rng.choice([f"{low}–{high}", f"{low}-{high}", f"{low} – {high}"])
        case "choice":
            pick = "ABCDE"[truth]
            return rng.choice([pick, f"({pick})", f"{pick})", f"{pick}.", *(t.format(pick) for t in OPTION[language])])
        case "boolean":
            side = YES_NO[language].split()[not truth]
            return rng.choice([side, side.lower(), f"{side}.", side + BECAUSE[language].split("|")[not truth]])
        case "date":
            year, month, day = truth
            if rng.random() < 0.3 or language not in DAYS:
                return f"{year}-{month:02}-{day:02}"
            name = MONTHS[language].split()[month - 1] if language in MONTHS else ""
            return rng.choice(DAYS[language]).format(y=year, n=month, d=day, m=name)
        case "list":
            items: list[str] = [ITEMS[language].split()[i] for i in truth]
            joiner = "、" if language in ("ja", "zh") else ", "
            last = AND[language] if language in ("ja", "zh") else f" {AND[language]} "
            return rng.choice([joiner.join(items), joiner.join(items[:-1]) + last + items[-1], json.dumps(items),
                               "\n".join(f"- {i}" for i in items), "\n".join(f"* **{i}**" for i in items)])  # fmt: skip
        case "name":
            return str(rng.choice(NAMES[truth]))
    line, severity = truth
    return rng.choice([f"line {line}: {severity}", f"**{severity}** (line {line})", f"L{line} – {severity}"])


DRAWS: dict[str, Callable[[Random], Any]] = {
    "number": lambda r: (r.choice([1, 1, -1]) * r.randrange(1, 10 ** r.randrange(2, 8)), r.choice([0, 1, 2])),
    "digits": lambda r: r.randrange(1, 99_999),
    "words": lambda r: r.randrange(0, 13),
    "money": lambda r: (r.randrange(1, 10 ** r.randrange(3, 8)), r.choice(list(MONEY))),
    "quantity": lambda r: (r.randrange(1, 40) * r.choice([1, 60, 1000]), r.choice(list(SIZES))),
    "percent": lambda r: r.randrange(1, 1000),
    "fraction": lambda r: (r.randrange(1, 9), r.choice([7, 11, 13, 17])),
    "range": lambda r: (low := r.randrange(1, 90), low + r.randrange(1, 50)),
    "choice": lambda r: r.randrange(5),
    "boolean": lambda r: r.random() < 0.5,
    "date": lambda r: (r.randrange(1850, 2030), r.randrange(1, 13), r.choice([*range(4, 21), *range(24, 29)])),
    "list": lambda r: tuple(r.sample(range(6), r.randrange(2, 5))),
    "name": lambda r: r.randrange(len(NAMES)),
    "review": lambda r: (r.randrange(1, 400), r.choice(["critical", "major", "minor", "nit"])),
}


def wrapped(kind: str, truth: Any, language: str, rng: Random) -> str:
    """Word a whole answer: bare, in a sentence, in JSON, after thinking."""
    text = say(kind, truth, language, rng)
    block = "\n" in text or text.startswith("[")
    manner = rng.random()
    if manner < 0.12:
        return text
    if manner < 0.2 and not block and "\\" not in text and "$" not in text:
        body = json.dumps({rng.choice(KEYS): text}, ensure_ascii=False)
        return body if rng.random() < 0.5 else f"```json\n{body}\n```"
    if block:
        heads = [w for w in WRAPS[language] if w.endswith(("\n\n{}", ": {}", "：{}", " {}"))]
        head = rng.choice(heads)
        return head.format("\n" + text if "\n" in text and not head.endswith("\n{}") else text)
    if manner < 0.28:
        text = f"${text}$" if kind in ("number", "fraction") and "$" not in text and "boxed" not in text else text
    answer = rng.choice(WRAPS[language]).format(text).replace("..", ".").replace(".。", "。")
    if rng.random() < 0.15:
        return f"<think>\nHm, perhaps {say(kind, DRAWS[kind](rng), 'en', rng)}? No.\n</think>\n\n{answer}"
    return answer


def other(kind: str, truth: Any, rng: Random) -> Any:
    """Return a truth that differs, near where that is possible."""
    near = truth
    while near == truth or (kind == "list" and sorted(near) == sorted(truth)) or _equal(kind, near, truth):
        if isinstance(truth, tuple) and kind not in ("list", "number", "fraction") and rng.random() < 0.6:
            at, drawn = rng.randrange(len(truth)), DRAWS[kind](rng)
            near = (*truth[:at], drawn[at], *truth[at + 1 :])
        elif kind == "number" and rng.random() < 0.6:
            near = rng.choice([(-truth[0], truth[1]), (truth[0] + 1, truth[1]), (truth[0], (truth[1] + 1) % 3)])
        elif kind == "boolean":
            near = not truth
        else:
            near = DRAWS[kind](rng)
    return near


def _equal(kind: str, one: Any, two: Any) -> bool:
    """Return whether two truths of different form are one value."""
    if kind == "number":
        return bool(one[0] * 10 ** two[1] == two[0] * 10 ** one[1])
    return kind == "fraction" and bool(one[0] * two[1] == two[0] * one[1])


def main() -> None:
    """Print the counts."""
    given = arguments(__doc__, pairs=40, show=2, seed=6)
    rng, tally = Random(given.seed), ReadingTally(given.show)
    for kind, draw in DRAWS.items():
        for language in LANGUAGES:
            for _ in range(given.pairs):
                truth = draw(rng)
                for equal in (True, False):
                    one = wrapped(kind, truth, language, rng)
                    two = wrapped(kind, truth if equal else other(kind, truth, rng), language, rng)
                    tally.see(kind, language, one, two, equal=equal)
    tally.show(DRAWS, LANGUAGES)


if __name__ == "__main__":
    main()
