"""What `import cascade` offers."""

from __future__ import annotations

import cascade
from cascade import errors


def test_the_public_names_are_sorted_documented_and_there():
    assert list(cascade.__all__) == sorted(cascade.__all__)
    assert all(getattr(cascade, name).__doc__ for name in cascade.__all__)
    assert set(cascade.__all__) <= set(dir(cascade))


def test_every_error_is_public():
    tree = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert tree <= set(cascade.__all__)


def test_a_name_that_is_not_there_is_an_attribute_error():
    assert not hasattr(cascade, "no_such_name")
