"""Round 13 of answer pairs: everyday answers of assistants to ordinary questions, in sixteen languages.

The wordings (reading_round_thirteen.txt) were written without a look at the reader, its tests or the earlier rounds.
At first sight they were held back; the reader was mended for some of their pairs since (RESULTS/reading.md). Ten kinds have pairs of both sorts. In an equal pair two wordings
of one answer give one value, each in a form natural to it; in an unequal pair the value is another one (for a verdict
the opposite, for a change another figure or the other direction). Two further kinds have unequal pairs only: in
`subject` one figure is said of two things, and in `rejected` one answer names the figure of the other only to reject
it, or as somebody else's or an old one.

Of the wordings of one kind and language each answers the same question, so that they differ in style and nothing else:
sentences, the question restated, a reason before or after, notes with an arrow, tables, labels, bold, code, JSON,
speech, and reports of an agent.

    python -m benchmarks.reading_round_thirteen [--pairs 8] [--show 1] [--seed 13]
"""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from benchmarks.reading_tally import ReadingTally, arguments

KINDS = ("headcount", "price", "time", "date", "distance", "share", "person", "place", "verdict", "change")
ONLY_UNEQUAL = ("subject", "rejected")

# Of each language: a heading, then a wording a line. {n} a number, {m} the number that holds where {n} is rejected, {p} a price, {t} a
# time, {d} a date, {k} a distance, {s} a share, {a} a person, {l} a place, {i} a place in its inflected form, {c} a
# change, {S} and {s} a thing, at the start of a sentence and within.
WORDINGS = Path(__file__).with_suffix(".txt").read_text("utf-8")
TEXT = dict(part.split("\n", 1) for part in WORDINGS.removeprefix("== ").split("\n== "))

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
    "sv": "januari februari mars april maj juni juli augusti september oktober november december",
    "tr": "Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık",
    "ar": "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    "hi": "जनवरी फ़रवरी मार्च अप्रैल मई जून जुलाई अगस्त सितंबर अक्टूबर नवंबर दिसंबर",
}
# D day, DD day in two digits, M month in two digits, N month by name, Y year; m the month as a plain number.
DATES = {
    "en": "D N Y|N D, Y|Y-M-DD|DD/M/Y",
    "de": "D. N Y|DD.M.Y|Y-M-DD",
    "fr": "D N Y|DD/M/Y|D N Y",
    "es": "D de N de Y|DD/M/Y|D de N de Y",
    "pt": "D de N de Y|DD/M/Y|D de N de Y",
    "it": "D N Y|DD/M/Y|D N Y",
    "nl": "D N Y|DD-M-Y|D N Y",
    "pl": "D N Y|DD.M.Y|D N Y r.",
    "ru": "D N Y года|DD.M.Y|D N Y г.",
    "sv": "D N Y|D N Y|Y-M-DD",
    "tr": "D N Y|DD.M.Y|D N Y",
    "ja": "Y年m月D日|Y/M/DD|Y年m月D日",
    "zh": "Y年m月D日|Y-M-DD|Y年m月D日",
    "ko": "Y년 m월 D일|Y-M-DD|Y년 m월 D일",
    "ar": "D N Y|DD/M/Y|D N Y",
    "hi": "D N Y|DD/M/Y|D N Y",
}
# H hour of 24, HH in two digits, h hour of 12, MM minutes in two digits, m minutes, P part of the day.
TIMES = {
    "en": "HH:MM|h:MM P|h.MM P|h:MMP",
    "de": "HH:MM Uhr|H.MM Uhr|HH:MM",
    "fr": "H h MM|HHhMM|HH:MM",
    "es": "HH:MM|HH:MM h|h:MM P",
    "pt": "HH:MM|HHhMM|H:MM",
    "it": "HH:MM|HH.MM|H:MM",
    "nl": "HH:MM uur|H.MM uur|HH:MM",
    "pl": "HH:MM|H.MM|H:MM",
    "ru": "HH:MM|H:MM|HH.MM",
    "sv": "HH.MM|HH:MM|H.MM",
    "tr": "HH.MM|HH:MM|H.MM",
    "ja": "H時m分|HH:MM|Ph時m分",
    "zh": "HH:MM|H点m分|Ph点m分",
    "ko": "HH:MM|P h시 m분|H시 m분",
    "ar": "HH:MM|h:MM P|H:MM",
    "hi": "HH:MM बजे|P h:MM बजे|P h:MM बजे",
}
# Parts of the day: morning, early afternoon (to four), late afternoon (to seven), evening.
PARTS = {
    "en": "am|pm|pm|pm",
    "es": "de la mañana|de la tarde|de la tarde|de la tarde",
    "ja": "午前|午後|午後|午後",
    "zh": "上午|下午|下午|晚上",
    "ko": "오전|오후|오후|오후",
    "ar": "صباحًا|مساءً|مساءً|مساءً",
    "hi": "सुबह|दोपहर|शाम|रात",
}
GROUPS = {"en": ",", "de": ".", "fr": "\u202f", "es": ".", "it": ".", "nl": ".", "pl": " ", "ru": " ", "sv": " "}
GROUPS |= {"pt": ".", "tr": ".", "ja": ",", "zh": ",", "ko": ",", "ar": ",", "hi": ","}
COMMA = ("de", "fr", "es", "pt", "it", "nl", "pl", "ru", "sv", "tr")
PRICES = {
    "en": "$#|# dollars|USD #",
    "de": "# €|# Euro|#€",
    "fr": "# €|# euros|#€",
    "es": "# €|# euros|#€",
    "pt": "R$ #|# reais|R$#",
    "it": "# €|# euro|€ #",
    "nl": "€ #|# euro|€#",
    "pl": "# zł|# zł|# PLN",
    "ru": "# ₽|# руб.|# рублей",
    "sv": "# kr|# kronor|# SEK",
    "tr": "# TL|# lira|#₺",
    "ja": "#円|#円|¥#",
    "zh": "#元|#块|¥#",
    "ko": "#원|#원|₩#",
    "ar": "# ريال|# ر.س|# ريال سعودي",
    "hi": "₹#|# रुपये|₹ #",
}
WHOLE = ("ru", "ja", "zh", "ko", "ar", "hi")
KILOMETRES = {
    "en": "# km|# kilometres|#km",
    "de": "# km|# Kilometer",
    "fr": "# km|# kilomètres",
    "es": "# km|# kilómetros",
    "pt": "# km|# quilômetros",
    "it": "# km|# chilometri",
    "nl": "# km|# kilometer",
    "pl": "# km|# kilometra",
    "ru": "# км|# километра",
    "sv": "# km|# kilometer",
    "tr": "# km|# kilometre",
    "ja": "#km|#キロメートル|#キロ",
    "zh": "#公里|#千米|# km",
    "ko": "#km|#킬로미터|# km",
    "ar": "# كم|# كيلومتر",
    "hi": "# किमी|# किलोमीटर",
}
METRES = {
    "en": "# m|# metres",
    "de": "# m|# Meter",
    "fr": "# m|# mètres",
    "es": "# m|# metros",
    "pt": "# m|# metros",
    "it": "# m|# metri",
    "nl": "# m|# meter",
    "pl": "# m|# metrów",
    "ru": "# м|# метров",
    "sv": "# m|# meter",
    "tr": "# m|# metre",
    "ja": "#m|#メートル",
    "zh": "#米|# m",
    "ko": "#m|#미터",
    "ar": "# م|# متر",
    "hi": "# मी|# मीटर",
}
SHARES = {
    "en": "#%|# percent|# %|# per cent",
    "de": "# %|# Prozent|#%",
    "fr": "# %|# pour cent|#%",
    "es": "# %|# por ciento|#%",
    "pt": "#%|# por cento|# %",
    "it": "#%|# per cento|# %",
    "nl": "#%|# procent|# %",
    "pl": "#%|# procent|# %",
    "ru": "# %|# процентов|#%",
    "sv": "# %|# procent|# %",
    "tr": "%#|yüzde #|%#",
    "ja": "#%|#パーセント|#％",
    "zh": "#%|百分之#|#％",
    "ko": "#%|#퍼센트|#%",
    "ar": "#%|# في المئة|#٪",
    "hi": "#%|# प्रतिशत|# %",
}
WORDS = {
    "en": "twenty thirty forty fifty sixty",
    "de": "zwanzig dreißig vierzig fünfzig sechzig",
    "fr": "vingt trente quarante cinquante soixante",
    "es": "veinte treinta cuarenta cincuenta sesenta",
    "pt": "vinte trinta quarenta cinquenta sessenta",
    "it": "venti trenta quaranta cinquanta sessanta",
    "nl": "twintig dertig veertig vijftig zestig",
    "pl": "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt",
    "ru": "двадцать тридцать сорок пятьдесят шестьдесят",
    "sv": "tjugo trettio fyrtio femtio sextio",
    "tr": "yirmi otuz kırk elli altmış",
    "zh": "二十 三十 四十 五十 六十",
    "hi": "बीस तीस चालीस पचास साठ",
}
_ELISIONS = {"il": "l'", "Il": "L'", "del": "dell'", "Del": "Dell'"}
OTHER_DIGITS = {"ar": "٠١٢٣٤٥٦٧٨٩", "hi": "०१२३४५६७८९"}
LABEL = re.compile(r"(?P<label>[^:：{}→←]{2,30}?) ?[:：] ?(?P<value>[+−]?\{\w\} ?[^\W\d_]*)")

Value = str | int | tuple[int, ...]


def sections(text: str) -> dict[str, list[str]]:
    """Return the wordings of a language by heading."""
    found: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        if line.startswith("= "):
            found[line[2:]] = []
        else:
            found[list(found)[-1]].append(line.replace("\\n", "\n"))
    return found


class Language:
    """What can be said in one language, and how its values are written."""

    def __init__(self, name: str, rng: random.Random) -> None:
        self.name, self._rng = name, rng
        self.wordings = sections(TEXT[name])
        self._people = self.wordings["people"][0].split("|")
        self._places = re.split(r";" if ";" in self.wordings["places"][0] else r"\|", self.wordings["places"][0])
        self.things = self.wordings["things"][0].split("|")

    def value(self, kind: str) -> Value:
        """Return a value of the kind."""
        pick, whole = self._rng.choice, self._rng.randrange
        match kind:
            case "headcount" | "rejected" | "subject":
                return pick([whole(20, 100, 5), whole(20, 70, 10), whole(120, 990, 10), whole(1050, 4900, 50)])
            case "price":
                if self.name in WHOLE:
                    return (pick([whole(20, 990, 5), whole(1050, 9900, 50)]), 0)
                return (pick([whole(8, 100), whole(100, 490)]), pick([0, 50, 75, 90]))
            case "time":
                return (pick([whole(6, 12), whole(14, 22)]), whole(5, 60, 5))
            case "date":
                return (whole(2015, 2026), whole(1, 13), whole(13, 29))
            case "distance":
                return pick([(0, whole(150, 950, 10)), (1, 10 * whole(1, 60) + whole(1, 10))])
            case "share":
                return pick([(whole(25, 100, 10), 0), (whole(6, 90), whole(1, 10))])
            case "person":
                return pick(self._people)
            case "place":
                return pick(self._places)
            case "verdict":
                return pick(["yes", "no"])
            case _:
                return (pick([0, 1]), pick([5, 7, 8, 9, 11, 12, 15, 16, 18, 25, 30]))

    def other(self, kind: str, value: Value) -> Value:
        """Return another value of the kind, often a near one."""
        if kind == "verdict":
            return "no" if value == "yes" else "yes"
        if isinstance(value, tuple) and self._rng.random() < 0.5:
            if kind == "change":
                return (1 - value[0], value[1])
            if kind == "date":
                return (value[0] + 1, *value[1:])
            if kind == "time":
                return (value[0], (value[1] + 10) % 60)
        while (found := self.value(kind)) == value:
            pass
        return found

    def say(self, kind: str, value: Value, wording: str) -> str:
        """Return the wording with the value in one of its forms."""
        wording = self._styled(wording)
        letter = {"headcount": "n", "price": "p", "time": "t", "date": "d", "distance": "k", "share": "s"}.get(kind)
        if kind == "person":
            return wording.replace("{a}", str(value))
        if kind == "place":
            plain, _, inflected = str(value).partition("|")
            return wording.replace("{l}", plain).replace("{i}", inflected)
        if kind == "verdict":
            return wording
        if kind == "change" and isinstance(value, tuple):
            form = SHARES[self.name].split("|")[0] if re.search(r"[+−]", wording) else self._form(SHARES)
            return self._elided(wording.replace("{c}", self._digits(form.replace("#", str(value[1])))))
        form = self._written(kind, value, words=not re.search(r"[:：→←|]", wording))
        wording = wording.replace(f"{{{letter}}}", form).replace("..", ".")  # an abbreviation ends the sentence
        return self._elided(wording) if kind == "share" else wording

    def number(self, value: int) -> str:
        """Return the number, grouped or not."""
        return self._digits(self._grouped(value))

    def wordings_of(self, kind: str, value: Value) -> list[str]:
        """Return the wordings that give such a value."""
        if kind == "verdict":
            return self.wordings[str(value)]
        if kind == "change" and isinstance(value, tuple):
            return self.wordings["down" if value[0] else "up"]
        return self.wordings[kind]

    def _elided(self, text: str) -> str:
        # Italian: "l'8", "dell'11", "l'85,2".
        if self.name != "it":
            return text
        return re.sub(r"\b([Dd]el|[Ii]l) (\**)(?=8|11\b)", lambda found: _ELISIONS[found[1]] + found[2], text)

    def _styled(self, wording: str) -> str:
        # A label and its value are written in one of the ways assistants write them.
        if not (found := LABEL.fullmatch(wording)):
            return wording
        label, value = found["label"], found["value"]
        styles = [
            wording,
            f"**{label}:** {value}",
            f"{label}: `{value}`",
            f"| | |\n|---|---|\n| {label} | {value} |",
            f"- {label}: {value}",
            json.dumps({label: value}, ensure_ascii=False),
        ]
        return self._rng.choice(styles)

    def _written(self, kind: str, value: Value, *, words: bool) -> str:
        if isinstance(value, int):
            if words and self.name in WORDS and value in range(20, 61, 10) and self._rng.random() < 0.4:
                return WORDS[self.name].split()[value // 10 - 2]
            return self.number(value)
        assert isinstance(value, tuple)
        match kind:
            case "price":
                whole, cents = value
                text = self._grouped(whole)
                if cents or (self.name not in WHOLE and self._rng.random() < 0.4):
                    text += f"{self._point()}{cents:02}"
                return self._digits(self._form(PRICES).replace("#", text))
            case "distance":
                if value[0] == 0:
                    return self._digits(self._form(METRES).replace("#", str(value[1])))
                if self._rng.random() < 0.12:
                    return self._digits(self._form(METRES).replace("#", self._grouped(100 * value[1])))
                text = f"{value[1] // 10}{self._point()}{value[1] % 10}"
                return self._digits(self._form(KILOMETRES).replace("#", text))
            case "share":
                text = str(value[0]) + (f"{self._point()}{value[1]}" if value[1] else "")
                form = self._form(SHARES)
                if value[1] and self.name == "ru":
                    form = form.replace("процентов", "процента")
                return self._digits(form.replace("#", text))
            case "time":
                return self._digits(self._time(*value))
            case _:
                return self._digits(self._date(*value))

    def _time(self, hour: int, minute: int) -> str:
        form = self._form(TIMES)
        part = ""
        if self.name in PARTS:
            noon, four, seven = 12, 16, 19
            part = PARTS[self.name].split("|")[(hour >= noon) + (hour >= four) + (hour >= seven)]
        names = {"HH": f"{hour:02}", "H": str(hour), "h": str(hour % 12 or 12), "MM": f"{minute:02}"}
        names |= {"m": str(minute), "P": part}
        if self.name not in PARTS:  # an "h" is part of the word for hours, or that word
            del names["h"]
        if self.name == "es" and form == "HH:MM h":
            return f"{hour:02}:{minute:02} h"
        return re.sub("|".join(names), lambda found: names[found[0]], form)

    def _date(self, year: int, month: int, day: int) -> str:
        form = self._form(DATES)
        named = MONTHS[self.name].split()[month - 1] if self.name in MONTHS else ""
        names = {"DD": f"{day:02}", "D": str(day), "M": f"{month:02}", "m": str(month), "N": named, "Y": str(year)}
        return re.sub("|".join(names), lambda found: names[found[0]], form)

    def _form(self, forms: dict[str, str]) -> str:
        return self._rng.choice(forms[self.name].split("|"))

    def _point(self) -> str:
        return "," if self.name in COMMA else "."

    def _grouped(self, value: int) -> str:
        if value < 1000 or self._rng.random() < 0.4:
            return str(value)
        return f"{value:,}".replace(",", GROUPS[self.name])

    def _digits(self, text: str) -> str:
        digits = OTHER_DIGITS.get(self.name)
        if not digits or re.search(r"[-/]", text) or self._rng.random() < 0.8:
            return text
        if self.name == "ar":
            text = re.sub(r"(?<=\d)\.(?=\d)", "٫", re.sub(r"(?<=\d),(?=\d)", "٬", text))
        return text.translate(str.maketrans("0123456789", digits))


def pair(language: Language, kind: str, rng: random.Random, *, equal: bool) -> tuple[str, str]:
    """Return two answers of one kind, of one value or of two."""
    value = language.value(kind)
    second = value if equal else language.other(kind, value)
    first_wording = rng.choice(language.wordings_of(kind, value))
    wordings = [wording for wording in language.wordings_of(kind, second) if wording != first_wording]
    return language.say(kind, value, first_wording), language.say(kind, second, rng.choice(wordings))


def subjects(language: Language, rng: random.Random) -> tuple[str, str]:
    """Return one figure said of two things."""
    value = language.value("subject")
    assert isinstance(value, int)
    said = []
    for thing in rng.sample(language.things, 2):
        wording = rng.choice(language.wordings["subject"]).replace("{s}", thing[:1].lower() + thing[1:])
        said.append(wording.replace("{S}", thing).replace("{n}", language.number(value)))
    return said[0], said[1]


def rejected(language: Language, rng: random.Random) -> tuple[str, str]:
    """Return a figure rejected, and the same figure given as the answer; either may come first."""
    value = language.value("rejected")
    other = language.other("rejected", value)
    assert isinstance(value, int)
    assert isinstance(other, int)
    wording = rng.choice(language.wordings["rejected"])
    one = wording.replace("{n}", language.number(value)).replace("{m}", language.number(other))
    two = language.say("headcount", value, rng.choice(language.wordings["headcount"]))
    return (one, two) if rng.random() < 0.5 else (two, one)


def main() -> None:
    """Make the pairs of each kind and language, and print what the reader says of them."""
    options = arguments(__doc__, pairs=8, show=1, seed=13)
    rng = random.Random(options.seed)
    tally = ReadingTally(options.show)
    for name in TEXT:
        language = Language(name, rng)
        for kind in KINDS:
            for equal in (True, False):
                for _ in range(options.pairs):
                    tally.see(kind, name, *pair(language, kind, rng, equal=equal), equal=equal)
        for kind, make in (("subject", subjects), ("rejected", rejected)):
            for _ in range(options.pairs):
                tally.see(kind, name, *make(language, rng), equal=False)
    tally.show((*KINDS, *ONLY_UNEQUAL), tuple(TEXT))


if __name__ == "__main__":
    main()
