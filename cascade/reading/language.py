"""Language of a text: by its script, else by its stop words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_STOP_WORDS: Final = {
    "en": "the is of and to in that it was are this for with as on by answer so which has",
    "de": "der die das und ist nicht ein eine zu den mit von für auf also antwort lautet beträgt sind wird "
    "dem insgesamt ergebnis",
    "fr": "le la les est et un une des de du que réponse pour dans donc pas sont avec à total",
    "es": "el la los las es y un una de que respuesta para en no son con por lo del resultado total",
    "pt": "o a os as é e um uma de que resposta para em não são com por do da resultado portanto",
    "it": "il la le gli è e un una di che risposta per non sono con del della risultato quindi",
    "ru": "и в не на что это ответ",
}
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = re.compile(
    "(?P<ja>[\u3040-\u30ff])|(?P<ko>[\uac00-\ud7af])|(?P<zh>[\u4e00-\u9fff])|(?P<ru>[\u0400-\u04ff])"
    "|(?P<hi>[\u0900-\u097f])|(?P<ar>[\u0600-\u06ff])"
)
COMMA: Final = frozenset({"de", "fr", "es", "pt", "it", "ru"})
"""Languages whose decimal sign is a comma."""
DAY_FIRST: Final = frozenset({"de", "fr", "es", "pt", "it", "ru", "hi", "ar"})
"""Languages that write the day of a date before the month."""
MAX_CHARS: Final = 600
"""Characters at the end of a text that are looked at."""


@lru_cache(maxsize=1)
def _by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for language, words in _STOP_WORDS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), language)
    return found


def language_of(text: str) -> str | None:
    """Return the code of a text's language: en, de, fr, es, pt, it, zh, ja, ko, ru, hi or ar; None in doubt."""
    tail = text[-MAX_CHARS:]
    if not tail.isascii():
        scripts = {found.lastgroup for found in _SCRIPTS.finditer(tail)}
        for script in ("ja", "ko", "zh", "ru", "hi", "ar"):
            if script in scripts:
                return script
    counts: dict[str, int] = {}
    by_word = _by_word()
    for word in _WORD.findall(tail.casefold()):
        for language in by_word.get(word, ()):
            counts[language] = counts.get(language, 0) + min(len(word), 4)
    best = sorted(counts, key=lambda language: -counts[language])
    if not best or counts[best[0]] < 3 or (len(best) > 1 and counts[best[0]] == counts[best[1]]):
        return None  # one short word is found in many languages
    return best[0]
