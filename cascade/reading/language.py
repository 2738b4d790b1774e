"""Language of a text: by its script, else by its stop words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_STOP_WORDS: Final = {
    "en": "the is of and to in that it was are this for with as on by answer so which has",
    "de": "der die das und ist nicht ein eine zu den mit von für auf also antwort lautet beträgt sind wird "
    "kilometer kilogramm stunden dem insgesamt ergebnis endergebnis richtige korrekte wäre somit lösung rund etwa",
    "fr": "le la les est et un une des de du que réponse pour dans donc pas sont avec à total bonne "
    "kilomètres kilogrammes heures résultat finale correcte solution ainsi question bonne juste",
    "es": "el la los las es y un una de que respuesta para en no son con por lo del resultado total "
    "kilómetros kilogramos horas dólares sería solución pregunta así "
    "correcta final",
    "pt": "o a os as é e um uma de que resposta para em não são com por do da resultado portanto seria correta final "
    "quilômetros quilogramas horas dólares",
    "it": "il la le gli è e un una di che risposta per non sono con del della risultato quindi finale corretta "
    "chilometri chilogrammi dollari",
    "nl": "de het een en is van dat niet met voor dus antwoord eindantwoord resultaat ik kom op je juiste krijgen "
    "geeft "
    "wordt zijn ook uiteindelijk totaal oplossing kilometer",
    "pl": "jest to w na się że nie odpowiedź wynik zatem czyli więc dla i z do ostateczna prawidłowa poprawna "
    "otrzymujemy "
    "daje mamy wynosi wychodzi razem rozwiązanie",
    "tr": "bir ve bu için cevap yanıt sonuç olarak doğru değer toplam ile değil dakika saat",
    "sv": "och är det att som en ett av på inte svar svaret rätt alltså för med blir totalt värdet slutresultatet",
    "ru": "и в не на что это ответ",
}
_WORD = re.compile(r"[^\W\d_]+")
_SCRIPTS = re.compile(
    "(?P<ja>[\u3040-\u30ff])|(?P<ko>[\uac00-\ud7af])|(?P<zh>[\u4e00-\u9fff])|(?P<ru>[\u0400-\u04ff])"
    "|(?P<hi>[\u0900-\u097f])|(?P<ar>[\u0600-\u06ff])"
)
COMMA: Final = frozenset({"de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "sv"})
"""Languages whose decimal sign is a comma."""
DAY_FIRST: Final = frozenset({"de", "fr", "es", "pt", "it", "nl", "pl", "ru", "tr", "hi", "ar"})
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
    """Return the code of a text's language, one of sixteen (`_STOP_WORDS`, zh, ja, ko, hi, ar); None in doubt."""
    tail = text[-MAX_CHARS:]
    if not tail.isascii():
        scripts = {found.lastgroup for found in _SCRIPTS.finditer(tail)}
        for script in ("ja", "ko", "zh", "ru", "hi", "ar"):
            if script in scripts:
                return script
    best = _likely(tail)
    return best[0] if len(best) == 1 else None


def is_one_of(text: str, languages: frozenset[str]) -> bool:
    """Return whether a text's language is among some; where two are as likely, whether both are."""
    found = language_of(text)
    likely = [found] if found is not None else _likely(text[-MAX_CHARS:])
    return bool(likely) and languages.issuperset(likely)


def _likely(text: str) -> list[str]:
    """Return the languages whose stop words weigh most in a text; none if these are few."""
    counts: dict[str, int] = {}
    by_word = _by_word()
    for word in _WORD.findall(text.casefold()):
        for language in by_word.get(word, ()):
            counts[language] = counts.get(language, 0) + min(len(word), 4)
    most = max(counts.values(), default=0)
    # One short word is found in many languages.
    return [language for language, count in counts.items() if count == most] if most > 2 else []
