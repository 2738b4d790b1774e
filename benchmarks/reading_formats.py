"""Formatter of known truths, adversarial: numbers, quantities, lists, programs, choices and dates in eight languages.

It shares no code and no tables with the reader. What `HELD_BACK` holds was measured before it
was looked at (round 4 of the results).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

LANGUAGES = ("en", "de", "fr", "es", "zh", "ja", "ar", "hi")
KINDS = ("decimal", "unit", "list", "code", "choice", "date")

CARRIERS = {
    "en": (
        "{}",
        "The answer is {}.",
        "**Answer:** {}",
        "So the final answer is **{}**.",
        "#### {}",
        "Answer: {}",
        "\\boxed{{{}}}",
        "Thus, the correct answer is: __{}__",
        "My final answer: {}",
        "Final Answer\n\n**{}**",
        "<answer>{}</answer>",
        "In short, the answer is therefore {}!",
        "I get {} as the answer.",
        "The correct option/answer would be {}.",
        "✅ **Final answer: {}**",
        "Therefore the answer must be {}, I believe.",
        "The answer comes out to {}.",
        "### Answer\n{}",
        "**{}** is the answer.",
        "So, putting it all together, our answer is {}.",
        "**Conclusion:** the answer is {}",
        "Correct answer: *{}*",
        "The right answer here is {}, since nothing else fits.",
        "> **Answer**\n> {}",
        "Hence the result is {}.",
        "ANSWER = {}",
    ),
    "de": (
        "{}",
        "Die Antwort ist {}.",
        "**Antwort:** {}",
        "Die Antwort lautet also: {}",
        "Ergebnis: {}",
        "Somit ist die richtige Antwort {}.",
        "Endergebnis: **{}**",
        "Die korrekte Antwort wäre {}.",
        "Ich komme auf die Antwort: {}.",
        "Die Lösung lautet {}.",
        "✅ **Antwort: {}**",
        "Das Ergebnis ist {}.",
        "### Antwort\n{}",
        "Damit ergibt sich als Antwort {}.",
        "**Lösung:** {}",
        "Unsere Antwort ist daher {}.",
        "Richtige Antwort: *{}*",
    ),
    "fr": (
        "{}",
        "La réponse est {}.",
        "**Réponse :** {}",
        "La réponse finale est donc **{}**.",
        "Réponse : {}",
        "La bonne réponse est {}.",
        "Résultat final : {}",
        "Donc la réponse est : **{}**",
        "Le résultat est {}.",
        "✅ **Réponse : {}**",
        "La réponse correcte est donc {}.",
        "### Réponse\n{}",
        "Ainsi, la réponse correcte est {}.",
        "**Solution :** {}",
        "La réponse à la question est {}.",
        "Bonne réponse : *{}*",
    ),
    "es": (
        "{}",
        "La respuesta es {}.",
        "**Respuesta:** {}",
        "La respuesta final es **{}**.",
        "Respuesta: {}",
        "Por lo tanto, la respuesta correcta es {}.",
        "Resultado: **{}**",
        "La respuesta sería {}.",
        "El resultado es {}.",
        "✅ **Respuesta: {}**",
        "La respuesta correcta sería {}.",
        "### Respuesta\n{}",
        "Así que la respuesta es {}.",
        "**Solución:** {}",
        "La respuesta a la pregunta es {}.",
        "Respuesta correcta: *{}*",
    ),
    "zh": (
        "{}",
        "答案是{}。",
        "**答案:** {}",
        "因此,最终答案是{}。",
        "答案：{}",
        "综上所述,正确答案为{}。",
        "答：{}",
        "所以答案就是 **{}**",
        "✅ **答案：{}**",
        "结果是{}。",
        "正确答案应该是{}。",
        "### 答案\n{}",
        "故答案为：{}",
        "本题答案是{}。",
        "正确答案：*{}*",
        "因此最后的答案就是{}。",
    ),
    "ja": (
        "{}",
        "答えは{}です。",
        "**答え:** {}",
        "正解は{}です。",
        "答え：{}",
        "したがって、答えは**{}**となります。",
        "解答：{}",
        "最終的な答えは{}である。",
        "✅ **答え：{}**",
        "答えは、{}です。",
        "よって、正解は{}になります。",
        "### 回答\n{}",
        "つまり答えは{}だ。",
        "正しい答え：*{}*",
        "この問題の答えは{}です。",
    ),
    "ar": (
        "{}",
        "الإجابة هي {}.",
        "**الإجابة:** {}",
        "الجواب هو {}.",
        "الإجابة الصحيحة هي {}",
        "النتيجة: {}",
        "✅ **الإجابة: {}**",
        "إذن الجواب هو {}.",
        "### الإجابة\n{}",
        "لذلك فإن الإجابة هي {}.",
        "الإجابة النهائية: *{}*",
    ),
    "hi": (
        "{}",
        "उत्तर {} है।",
        "**उत्तर:** {}",
        "उत्तर: {}",
        "इसलिए सही उत्तर {} है।",
        "जवाब: {}",
        "✅ **उत्तर: {}**",
        "अंतिम उत्तर {} है।",
        "### उत्तर\n{}",
        "अतः उत्तर है: {}",
        "सही जवाब: *{}*",
        "इस प्रश्न का उत्तर {} है।",
    ),
}
HELD_BACK = {
    "en": (
        "We conclude that the answer is {}.",
        "Looking at all of this, the best answer is {}.",
        "Answer (final): {}",
        "**The answer is: {}**",
        "So my answer would be {}.",
        "The final result we obtain is {}.",
    ),
    "de": (
        "Wir schließen daraus: Die Antwort ist {}.",
        "**Die Antwort lautet: {}**",
        "Meine Antwort wäre {}.",
        "Als Ergebnis erhalten wir {}.",
    ),
    "fr": (
        "On en conclut que la réponse est {}.",
        "**La réponse est : {}**",
        "Ma réponse serait {}.",
        "Le résultat final vaut {}.",
    ),
    "es": (
        "Concluimos que la respuesta es {}.",
        "**La respuesta es: {}**",
        "Mi respuesta sería {}.",
        "El resultado final es {}.",
    ),
    "zh": (
        "由此可知答案为{}。",
        "**答案是：{}**",
        "我的答案是{}。",
        "最终结果为{}。",
    ),
    "ja": (
        "以上より、答えは{}です。",
        "**答えは：{}**",
        "私の答えは{}です。",
    ),
    "ar": (
        "نستنتج أن الإجابة هي {}.",
        "**الإجابة هي: {}**",
    ),
    "hi": (
        "इससे पता चलता है कि उत्तर {} है।",
        "**उत्तर है: {}**",
        "मेरा उत्तर {} है।",
    ),
}
BEFORE = {
    "en": (
        "",
        "",
        "<think>Maybe 7? No, 12.</think>\n",
        "Step 1: 3 + 4 = 7.\nStep 2: look at line 12.\n\n",
        "[THINK]perhaps (A) or 99 km[/THINK]",
    ),
    "de": ("", "", "<think>Vielleicht 7? Nein.</think>", "Schritt 1: 3 + 4 = 7.\nDann sehen wir weiter [2].\n"),
    "fr": ("", "", "<think>Peut-être 7 ?</think>\n", "Étape 1 : 3 + 4 = 7.\n\n"),
    "es": ("", "", "<think>¿Quizás 7?</think>\n", "Paso 1: 3 + 4 = 7.\n\n"),
    "zh": ("", "", "<think>也许是7?不对。</think>\n", "第1步:3 + 4 = 7。\n\n"),
    "ja": ("", "", "<think>7かな?</think>\n", "手順1:3 + 4 = 7。\n\n"),
    "ar": ("", "", "<think>ربما 7؟</think>\n"),
    "hi": ("", "", "<think>शायद 7?</think>\n", "चरण 1: 3 + 4 = 7।\n\n"),
}
POINT_AND_GROUP = {"en": ".,", "de": ",.", "fr": ",\u202f", "es": ",.", "zh": ".,", "ja": ".,", "ar": "٫٬", "hi": ".,"}
DIGITS = {"ar": "٠١٢٣٤٥٦٧٨٩", "hi": "०१२३४५६७८९", "ja": "０１２３４５６７８９"}
_NAMES = """
m 1000 = any: km; en: kilometres, kilometers; de: Kilometer; fr: kilomètres; es: kilómetros; zh: 公里, 千米; \
ja: キロメートル; ar: كيلومتر; hi: किलोमीटर
m 1 = any: m; en: metres, meters; de: Meter; fr: mètres; es: metros; zh: 米; ja: メートル; ar: متر; hi: मीटर
m .01 = any: cm; en: centimetres; de: Zentimeter; fr: centimètres; es: centímetros; zh: 厘米; \
ja: センチメートル; hi: सेंटीमीटर
g 1000 = any: kg; en: kilograms, kilos; de: Kilogramm; fr: kilogrammes; es: kilogramos; zh: 公斤, 千克; \
ja: キログラム; hi: किलोग्राम
g 1 = any: g; en: grams; de: Gramm; fr: grammes; es: gramos; zh: 克; ja: グラム; hi: ग्राम
s 3600 = any: h; en: hours; de: Stunden; fr: heures; es: horas; zh: 小时; ja: 時間; hi: घंटे
s 60 = any: min; en: minutes; de: Minuten; fr: minutes; es: minutos; zh: 分钟; ja: 分; hi: मिनट
l 1 = any: l, L; en: litres; de: Liter; fr: litres; es: litros; zh: 升; ja: リットル; hi: लीटर
l .001 = any: ml, mL; en: millilitres; de: Milliliter; fr: millilitres; es: mililitros; zh: 毫升; ja: ミリリットル
usd 1 = any: $, USD; en: dollars; de: Dollar; fr: dollars; es: dólares; zh: 美元; ja: ドル; ar: دولار; hi: डॉलर
eur 1 = any: €, EUR; en: euros; de: Euro; fr: euros; es: euros; zh: 欧元; ja: ユーロ; hi: यूरो
speed 1 = any: m/s; en: metres per second; de: Meter pro Sekunde; zh: 米/秒
percent 1 = any: %; en: percent; de: Prozent; fr: pour cent; es: por ciento; ja: パーセント; hi: प्रतिशत
"""
"""Unit and scale, then names by language."""
UNITS = {
    row.split(" = ")[0]: {
        part.split(": ")[0]: tuple(part.split(": ")[1].split(", ")) for part in row.split(" = ")[1].split("; ")
    }
    for row in _NAMES.strip().splitlines()
}
WORDS = {
    "en": ("apple", "New York", "blue", "the Rhine", "Mozart", "iron", "Apollo 11", "Windows 11", "tea"),
    "de": ("Apfel", "München", "blau", "der Rhein", "Mozart", "Eisen", "Straße", "Tee"),
    "fr": ("pomme", "Orléans", "bleu", "le Rhin", "Mozart", "fer", "thé", "château"),
    "es": ("manzana", "Málaga", "azul", "el Rin", "Mozart", "hierro", "té", "niño"),
    "zh": ("苹果", "纽约", "蓝色", "莱茵河", "莫扎特", "铁", "茶"),
    "ja": ("りんご", "ニューヨーク", "青", "ライン川", "モーツァルト", "鉄", "お茶"),
    "ar": ("تفاحة", "القاهرة", "أزرق", "النيل", "حديد", "شاي"),
    "hi": ("सेब", "दिल्ली", "नीला", "गंगा", "लोहा", "चाय"),
}
AND = {"en": ", and ", "de": " und ", "fr": " et ", "es": " y ", "zh": "和", "ja": "と", "ar": " و", "hi": " और "}
COMMA = {"zh": "、", "ja": "、", "ar": "، "}
MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
CHOICE = {
    "en": ("{}", "({})", "{}. {t}", "{}) {t}", "option {}", "{} because {t} fits", "**{}**", "({}) {t}"),
    "de": ("{}", "({})", "{}) {t}", "Option {}", "{}, weil es stimmt", "Antwort {}"),
    "fr": ("{}", "({})", "{}) {t}", "l'option {}"[2:], "{}, car c'est vrai"),
    "es": ("{}", "({})", "{}) {t}", "opción {}", "{}, porque es cierto"),
    "zh": ("{}", "({})", "选项{}", "{}. {t}"),
    "ja": ("{}", "({})", "選択肢{}", "{}. {t}"),
    "ar": ("{}", "({})", "{}) {t}"),
    "hi": ("{}", "({})", "विकल्प {}", "{}) {t}"),
}


@dataclass(frozen=True)
class Truth:
    """What an answer says; equal truths are the same."""

    kind: str
    content: object


def draw(kind: str, language: str, rng: Random) -> Truth:
    """Draw a truth."""
    if kind == "decimal":
        return Truth(kind, _decimal(rng))
    if kind == "unit":
        unit = rng.choice([name for name, forms in UNITS.items() if language in forms or rng.random() < 0.3])
        return Truth(kind, (abs(_decimal(rng, small=True)), unit))
    if kind == "list":
        return Truth(kind, (language, tuple(rng.sample(WORDS[language], rng.randint(2, 4)))))
    if kind == "code":
        return Truth(kind, (rng.randint(0, 3), rng.randint(2, 99), rng.choice(["a", "ab", "x y", "Ab"])))
    if kind == "choice":
        return Truth(kind, (rng.choice("ABCDE"), rng.choice([word for word in WORDS[language] if " " not in word])))
    return Truth(kind, date(1950, 1, 1) + timedelta(days=rng.randint(0, 30_000)))


def disturbed(truth: Truth, rng: Random) -> Truth:
    """Return a truth that differs by little: a sign, a digit, a unit, an item, a letter, a day."""
    content: object
    match truth.kind:
        case "decimal":
            assert isinstance(truth.content, Decimal)
            content = rng.choice([-truth.content, truth.content * 10, truth.content / 1000, truth.content + 1])
            content = content if content not in (truth.content, Decimal(0)) else truth.content * 3
        case "unit":
            value, unit = truth.content  # type: ignore[misc]
            other = rng.choice([name for name in UNITS if name != unit])
            content = rng.choice([(value, other), (value * 10, unit), (value + 1, unit)])
            if not value or _base(content) == _base(truth.content):
                content = (value + 1, unit)
        case "list":
            language, words = truth.content  # type: ignore[misc]
            spare = [word for word in WORDS[language] if word not in words]
            place = rng.randrange(len(words))
            swapped = (*words[:place], rng.choice(spare), *words[place + 1 :])
            content = (language, rng.choice([swapped, (*words, rng.choice(spare))]))
        case "code":
            shape, number, text = truth.content  # type: ignore[misc]
            content = rng.choice(
                [(shape, number + 1, text), ((shape + 1) % 4, number, text), (shape, number, text + "x")]
            )
        case "choice":
            letter, text = truth.content  # type: ignore[misc]
            content = (rng.choice([other for other in "ABCDE" if other != letter]), text)
        case _:
            assert isinstance(truth.content, date)
            content = truth.content + timedelta(days=rng.choice([-365, -31, -1, 1, 31, 365]))
    return Truth(truth.kind, content)


def write(truth: Truth, language: str, rng: Random, *, held_back: bool = False) -> str:
    """Write a truth as a model might."""
    carriers = HELD_BACK[language] if held_back else CARRIERS[language]
    carrier = rng.choice(carriers)
    before = rng.choice(BEFORE[language])
    if before and not before.endswith((">", ">\n", "]")) and carrier == "{}":
        before = ""  # a bare value after a working is no plain answer
    said = ""
    match truth.kind:
        case "decimal":
            said = _number(truth.content, language, rng, plain=carrier == "{}")  # type: ignore[arg-type]
        case "unit":
            said = _quantity(truth.content, language, rng, plain=carrier == "{}")  # type: ignore[arg-type]
        case "list":
            return before + _list(truth.content[1], language, rng, carrier)  # type: ignore[index]
        case "code":
            return _program(truth.content, rng)  # type: ignore[arg-type]
        case "choice":
            letter, text = truth.content  # type: ignore[misc]
            said = rng.choice(CHOICE[language]).format(letter, t=text)
        case _:
            said = _date(truth.content, language, rng)  # type: ignore[arg-type]
    if carrier == "{}" and rng.random() < 0.15:
        return json.dumps({"reasoning": "3 + 4 = 7", "answer": said}, ensure_ascii=rng.random() < 0.5)
    return before + carrier.format(said)


def _decimal(rng: Random, *, small: bool = False) -> Decimal:
    places = rng.choice([0, 0, 0, 1, 2, 2, 3, 4])
    value = Decimal(rng.randint(1, 10 ** rng.randint(1, 5 if small else 8))).scaleb(-places)
    if not small and rng.random() < 0.15:
        value = value.scaleb(rng.randint(-30, 25))
    return -value if not small and rng.random() < 0.25 else value


def _number(value: Decimal, language: str, rng: Random, *, plain: bool) -> str:
    digits = value.normalize()
    sign, exponent = "-" if digits < 0 else "", int(digits.as_tuple().exponent)
    magnitude = abs(digits)
    if abs(magnitude.adjusted()) > 9:
        mantissa = magnitude.scaleb(-magnitude.adjusted()).normalize()
        power = magnitude.adjusted()
        raised = "".join("⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".index(one)] for one in str(power))
        return _dash(sign, rng) + rng.choice(
            [
                *(f"{mantissa}e{power}", f"{mantissa}E{power}", f"{mantissa} × 10^{power}", f"{mantissa}×10{raised}"),
                *(f"{mantissa} \\times 10^{{{power}}}", f"{mantissa} \\cdot 10^{{{power}}}"),
            ]
        )
    point, group = POINT_AND_GROUP[language]
    text = f"{magnitude:,.{max(0, -exponent)}f}"
    grouped = rng.random() < 0.6
    whole, _, fraction = text.partition(".")
    if not grouped:
        whole = whole.replace(",", "")
    elif language == "hi" and len(whole) > 3 and rng.random() < 0.7:
        bare = whole.replace(",", "")
        head, parts = bare[:-3], []
        while head:
            head, part = head[:-2], head[-2:]
            parts.insert(0, part)
        whole = ",".join([*parts, bare[-3:]])
    ambiguous = (whole.count(",") == 1 and not fraction) or (len(fraction) == 3 and len(whole) <= 3)
    if language in ("de", "fr", "es") and plain and ambiguous:
        whole = whole.replace(",", "")  # without words around it, nobody could tell
        if len(fraction) == 3:
            fraction += "0"
    elif language not in ("de", "fr", "es", "ar") and len(fraction) == 3 and len(whole) <= 3 and whole != "0":
        fraction += "0"
    if language == "ar" and (plain or rng.random() < 0.5):
        point, group = ".", ","
        if len(fraction) == 3:
            fraction += "0"
        made = whole + ("." + fraction if fraction else "")
    else:
        made = whole.replace(",", group) + (point + fraction if fraction else "")
    if language in DIGITS and rng.random() < 0.5:
        made = made.translate(str.maketrans("0123456789", DIGITS[language]))
    return _dash(sign, rng) + made


def _dash(sign: str, rng: Random) -> str:
    return rng.choice("-−–") if sign else ""


def _base(content: object) -> tuple[str, Decimal]:
    value, unit = content  # type: ignore[misc]
    dimension, scale = unit.split()
    return dimension, value * Decimal(scale)


def _quantity(content: tuple[Decimal, str], language: str, rng: Random, *, plain: bool) -> str:
    value, unit = content
    dimension, scale = unit.split()
    forms = UNITS[unit]
    if rng.random() < 0.4:  # another unit of the same dimension, where the figure stays short
        for other in rng.sample(sorted(UNITS), len(UNITS)):
            found, size = other.split()
            scaled = value * Decimal(scale) / Decimal(size)
            if found == dimension and scaled.normalize().as_tuple().exponent >= -4 and scaled < 10**7:  # type: ignore[operator]
                value, forms = scaled, UNITS[other]
                break
    names = [(name, name in forms["any"]) for name in (*forms["any"], *forms.get(language, ()))]
    name, symbol = rng.choice(names)
    figure = _number(value, language, rng, plain=plain)
    if name in ("$", "€") and (language in ("en", "zh", "ja") or rng.random() < 0.3):
        return name + figure
    blank = "" if language in ("zh", "ja") and not symbol else rng.choice(["", " "]) if symbol else " "
    return f"{figure}{blank}{name}" if not name.startswith(" ") else figure + name


def _list(words: tuple[str, ...], language: str, rng: Random, carrier: str) -> str:
    form = rng.choice(["json", "numbers", "bullets", "commas"])
    if form == "json":
        return json.dumps(list(words), ensure_ascii=False)
    if form == "numbers":
        return "\n".join(f"{place}{rng.choice('.)')[0]} {word}" for place, word in enumerate(words, 1)).replace(
            ") ", ". "
        )
    if form == "bullets":
        mark = rng.choice("-*•")
        return "\n".join(f"{mark} {word}" for word in words)
    comma = COMMA.get(language, ", ")
    joined = comma.join(words[:-1]) + AND[language].replace(",", "" if len(words) == 2 else ",") + words[-1]
    return carrier.format(joined if len(words) > 2 or language != "ar" else comma.join(words))


def _program(content: tuple[int, int, str], rng: Random) -> str:
    shape, number, text = content
    quote = rng.choice("'\"")
    comment = rng.choice(["", "  # as asked", ""])
    blank = rng.choice(["", "\n"])
    body = (
        f"return x * {number} + len({quote}{text}{quote})",
        f"return [{number}, {quote}{text}{quote}, x]",
        f"return x if x > {number} else {quote}{text}{quote}",
        f"return {{{quote}{text}{quote}: {number}, 'x': x}}",
    )[shape]
    source = f"def f(x):{comment}\n{blank}    {body}\n"
    tag, lead = rng.choice(["python", "py", ""]), rng.choice(["", "Here it is:\n", "Sure!\n\n"])
    return f"{lead}```{tag}\n{source}```{rng.choice(['', chr(10) + 'It is short.'])}"


def _date(day: date, language: str, rng: Random) -> str:
    iso = day.isoformat()
    if language in ("zh", "ja"):
        return rng.choice([iso, f"{day.year}年{day.month}月{day.day}日", f"{day.year}/{day.month:02}/{day.day:02}"])
    month = MONTHS[language].split()[day.month - 1]
    forms = [iso, f"{day.day} {month} {day.year}"]
    if language == "en":
        suffix = "th" if 10 < day.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
        forms += [
            f"{month} {day.day}, {day.year}",
            f"{month} {day.day}{suffix}, {day.year}",
            f"{day.day} {month[:3]} {day.year}",
        ]
        if day.day > 12:
            forms += [f"{day.month}/{day.day}/{day.year}", f"{day.day:02}/{day.month:02}/{day.year}"]
    if language == "de":
        forms += [f"{day.day}. {month} {day.year}", f"{day.day:02}.{day.month:02}.{day.year}"]
    if language == "es":
        forms += [f"{day.day} de {month} de {day.year}"]
    if language in ("fr", "es") and day.day > 12:
        forms += [f"{day.day:02}/{day.month:02}/{day.year}"]
    said = rng.choice(forms)
    if language in ("ar", "hi") and said != iso and rng.random() < 0.5:
        said = said.translate(str.maketrans("0123456789", DIGITS[language]))
    return said
