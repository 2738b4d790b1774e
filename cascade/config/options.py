"""Verifier options: resolves names in YAML into a price, a rubric file or a user's function."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cascade.config.models import PriceModel
from cascade.errors import ConfigError
from cascade.files import explain
from cascade.prices import KINDS
from cascade.usage import Price

FUNCTIONS = ("function", "extract")
"""Options that take a function, named as `module:function`."""


def prepared(spec: Any, folder: Path) -> Any:
    """Resolve the named options of a configured verifier.

    `price` becomes a Price, a `rubric` that ends with .md becomes a path, and `module:function` becomes the function;
    both are found beside the configuration.

    Raises:
        ConfigError: a price is not valid, or a function cannot be loaded.
    """
    if not isinstance(spec, Mapping):
        return spec
    ((name, options),) = spec.items()
    if not isinstance(options, Mapping):
        return spec
    found = dict(options)
    if isinstance(found.get("price"), Mapping):
        try:
            found["price"] = price_of(PriceModel.model_validate(found["price"]))
        except ValidationError as error:
            raise ConfigError(f"{name}.price: {explain(error)}") from None
    if isinstance(found.get("rubric"), str) and found["rubric"].endswith(".md"):
        found["rubric"] = folder / found["rubric"]
    for option in FUNCTIONS:
        if isinstance(found.get(option), str):
            found[option] = load_function(found[option], f"{name}.{option}", folder)
    return {name: found}


def price_of(shape: PriceModel) -> Price:
    """Convert a configured price, per token or per million tokens.

    Raises:
        ConfigError: a kind is given twice, or input or output is missing.
    """
    usd: dict[str, float] = {
        name: getattr(shape, name) for name in ("call_usd", "flex_factor", "priority_factor", "batch_discount")
    }
    for kind in KINDS:
        each, per_million = getattr(shape, f"{kind}_usd"), getattr(shape, f"{kind}_per_mtok")
        if each is not None and per_million is not None:
            message = f"{kind}_usd and {kind}_per_mtok are both given; give the price once."
            raise ConfigError(message)
        if each is not None or per_million is not None:
            usd[f"{kind}_usd"] = each if each is not None else per_million / 1e6
    for kind in ("input", "output"):
        if f"{kind}_usd" not in usd:
            message = f"it has no price for {kind} tokens; give {kind}_per_mtok (0 if they are free)."
            raise ConfigError(message)
    return Price(**usd)


def load_function(named: str, option: str, folder: Path) -> Any:
    """Return a user's function by `module:function`; modules are looked for in a folder first.

    Raises:
        ConfigError: it is not so named, cannot be loaded, or is no function.
    """
    module, colon, name = named.partition(":")
    if not colon or not module or not name:
        message = f"{option} is {named!r}; module:function was expected."
        raise ConfigError(message)
    sys.path.insert(0, str(folder))
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, SyntaxError) as error:
        message = f"{option}: {named!r} cannot be loaded: {error}."
        raise ConfigError(message) from None
    finally:
        sys.path.remove(str(folder))
    if not callable(found):
        message = f"{option}: {named!r} is not a function; a callable was expected."
        raise ConfigError(message)
    return found
