"""Number words of nine languages, from zero to twelve, that are a phrase as a whole."""

from __future__ import annotations

from typing import Final

_WORDS: Final = {
    "de": "- eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "fr": "zéro - deux trois quatre cinq six sept huit neuf dix onze douze",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez - doce",
    "pt": "zero - dois três quatro cinco seis sete oito nove dez onze doze",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici",
    "nl": "nul één twee drie vier vijf zes zeven acht negen tien elf twaalf",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć dziesięć jedenaście dwanaście",
    "ru": "ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать",
    "ko": "영 일 이 삼 사 오 육 칠 팔 구 십 십일 십이",
}
NUMBER_WORDS: Final = {
    word: value for words in _WORDS.values() for value, word in enumerate(words.split()) if word != "-"
}
"""Value of each word. Left out are articles (`un`) and words that another language has: `null`, and `once`."""
