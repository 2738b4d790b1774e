"""Labelling: blind human labels of recorded answers."""

from cascade.labelling.annotation import annotate, annotators, by_dimension, label_in
from cascade.labelling.item import Item, lay_item, lay_items
from cascade.labelling.kappa import Kappa, measure_kappa
from cascade.labelling.mark import Mark, mark_of
from cascade.labelling.session import Session

__all__ = [
    "Item",
    "Kappa",
    "Mark",
    "Session",
    "annotate",
    "annotators",
    "by_dimension",
    "label_in",
    "lay_item",
    "lay_items",
    "mark_of",
    "measure_kappa",
]
