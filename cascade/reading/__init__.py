"""The one reader of answers: thinking, JSON, code and the final answer as a typed value. Pure, in linear time."""

from cascade.reading.reading import VERSION, Reading, read
from cascade.reading.same import same
from cascade.reading.strict_json import Located, NotJson
from cascade.reading.text_relations import holds
from cascade.reading.values import NOTHING, Answer, Number, Structure, Text, Unsure, Value

__all__ = [
    "NOTHING",
    "VERSION",
    "Answer",
    "Located",
    "NotJson",
    "Number",
    "Reading",
    "Structure",
    "Text",
    "Unsure",
    "Value",
    "holds",
    "read",
    "same",
]
