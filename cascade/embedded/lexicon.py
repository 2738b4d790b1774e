"""Lexicon of the toy order language: items, colours, towns and phrases.

No generated typing error turns one of these words into another, or two words into the same one (a test checks it): the
intended word is always identifiable.
"""

ITEMS: dict[str, str] = {
    "chair": "chairs",
    "table": "tables",
    "lamp": "lamps",
    "desk": "desks",
    "shelf": "shelves",
    "mirror": "mirrors",
    "carpet": "carpets",
    "blanket": "blankets",
    "pillow": "pillows",
    "curtain": "curtains",
    "kettle": "kettles",
    "bucket": "buckets",
    "ladder": "ladders",
    "drill": "drills",
    "umbrella": "umbrellas",
    "backpack": "backpacks",
    "sweater": "sweaters",
    "glove": "gloves",
    "scarf": "scarves",
    "helmet": "helmets",
    "bicycle": "bicycles",
    "tent": "tents",
    "vase": "vases",
    "notebook": "notebooks",
    "pencil": "pencils",
    "stapler": "staplers",
    "envelope": "envelopes",
    "printer": "printers",
    "keyboard": "keyboards",
    "monitor": "monitors",
    "camera": "cameras",
    "suitcase": "suitcases",
    "bench": "benches",
    "brush": "brushes",
    "knife": "knives",
    "teapot": "teapots",
    "desk lamp": "desk lamps",
    "table lamp": "table lamps",
    "office chair": "office chairs",
    "garden chair": "garden chairs",
    "garden bench": "garden benches",
    "kitchen knife": "kitchen knives",
    "bicycle helmet": "bicycle helmets",
    "paper knife": "paper knives",
}
"""Singular, which is the canonical form, to plural."""

COLORS: tuple[str, ...] = (
    "red", "blue", "green", "yellow", "black", "white", "brown", "purple",
    "orange", "pink", "grey", "silver", "beige", "turquoise", "crimson", "gold",
)  # fmt: skip
"""Plain colours, in canonical form."""

SHADES: tuple[str, ...] = ("dark", "light", "pale")
"""Modifiers that can precede a colour and become part of it: "dark green"."""

CITIES: tuple[str, ...] = (
    "lyon", "paris", "berlin", "madrid", "oslo", "vienna", "prague", "dublin", "lisbon", "athens",
    "warsaw", "zurich", "geneva", "naples", "porto", "seville", "valencia", "bordeaux", "nantes", "lille",
    "hamburg", "munich", "cologne", "leipzig", "rotterdam", "antwerp", "ghent", "bergen", "helsinki", "tallinn",
    "riga", "vilnius", "krakow", "budapest", "zagreb", "bucharest", "the hague", "san sebastian",
)  # fmt: skip
"""Towns that are frequent in every model's training data."""

TOWN_STARTS: tuple[str, ...] = (
    "var", "bel", "dun", "mor", "thel", "kin", "ash", "wol", "gar", "hin", "lum", "pel", "quin", "ros", "sel", "tav",
)  # fmt: skip
TOWN_MIDDLES: tuple[str, ...] = ("", "", "a", "en", "er", "in", "o")
TOWN_ENDS: tuple[str, ...] = (
    "ford", "ville", "stad", "burg", "mouth", "ton", "wick", "holm", "field", "haven", "dorf", "bridge",
)  # fmt: skip
"""A start, a middle and an end make an invented town, which a model has to copy instead of recall."""

MONTHS: tuple[str, ...] = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
MONTH_SHORT: tuple[str, ...] = (
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sept", "oct", "nov", "dec",
)  # fmt: skip
MONTH_DAYS: tuple[int, ...] = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

UNITS: tuple[str, ...] = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS: tuple[str, ...] = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS: tuple[str, ...] = (
    "", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth",
)  # fmt: skip

GREETINGS: tuple[str, ...] = (
    "", "", "", "", "hi, ", "hello, ", "good morning, ", "dear team, ", "hi there, ", "hey, ", "quick one: ",
)  # fmt: skip
OPENERS: tuple[str, ...] = (
    "could you send", "please send", "please ship", "we need", "i need", "i would like", "we'd like", "can i get",
    "can you deliver", "send", "ship", "please order", "i want to order", "we want", "get us", "kindly dispatch",
)  # fmt: skip
CLOSERS: tuple[str, ...] = ("", "", "", "", " please", ", thanks", ". thank you", ", cheers", ". best, anna", "!", ".")

TOWARDS: tuple[str, ...] = ("to", "to", "for", "to our office in", "to the shop in", "for our team in")
"""Stand before a town."""
WHEN: tuple[str, ...] = ("by", "before", "on", "until", "for", "no later than")
"""Stand before a date."""

REPAIRS: tuple[str, ...] = (
    ", no, make that {}", ", sorry, {}", ", no wait, {}", " - i mean {} -", ", or rather {}", "... no, {}",
    ", scratch that, {}", " (correction: {})", ", hm, better {}",
)  # fmt: skip
"""Corrections directly after a value, which replace it."""

KEPT: tuple[str, ...] = (", not {}", " (not {})", ", and certainly not {}", " rather than {}", " instead of {}")
"""Negations directly after a value, which name another value that is not meant."""

TAIL_REPAIRS: tuple[str, ...] = (
    ". actually make it {}", ". oh wait, {} instead", ". change that to {}", ". sorry, i meant {}",
    ". correction: {}", ". on second thought, {}",
)  # fmt: skip
"""Corrections at the end, which replace the earlier value of the same kind."""

TAIL_KEPT: tuple[str, ...] = (
    ". or {}? no, keep it as it is",
    ". i nearly said {}, but no",
    ". {} would be wrong",
    ". anna wanted {}, ignore that",
)
"""Distractors at the end, which mention a value without changing the order."""

CANCELS: dict[str, tuple[str, ...]] = {
    "color": (". forget the colour", ". any colour will do after all", ". the colour doesn't matter, really"),
    "date": (". forget the date", ". no hurry after all", ". the date is not fixed, leave it open"),
    "city": (". leave the address open", ". we will tell you the town later instead", ". don't ship yet, town unclear"),
    "qty": (". how many is still open, leave it", ". forget the number"),
}
"""Retractions at the end, which set a field to null."""

ASIDES: tuple[str, ...] = (
    "last time we got {qty} {color} {item}",
    "the {qty} {item} arrived fine",
    "our office in {city} is closed",
    "anna from {city} says hello",
    "as discussed on {date}",
    "we already have {qty} {item}",
    "the {item} you sent to {city} broke",
    "i called {qty} times",
    "invoice {long}",
    "our reference is {long}",
    "the {color} {item} are for later",
    "don't send any {item}",
    "i am away until {date}",
    "you owe us {qty} {item} from {date}",
)
"""Distractors with values that are not part of the order."""
