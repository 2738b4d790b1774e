"""Models route: the names that a key may ask, in OpenAI's or Anthropic's form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cascade.serve.gateway.keyring.key import Key
from cascade.serve.gateway.model_names import ModelName, ModelNames
from cascade.serve.gateway.refusals import unknown_model

_CREATED, _CREATED_AT = 1_767_225_600, "2026-01-01T00:00:00Z"
"""Both forms want a date: names have none, so it is always the same."""


def list_models(names: ModelNames, key: Key | None, *, anthropic: bool) -> dict[str, Any]:
    """Return the list of the models that a key may ask."""
    shown = [_model(name, anthropic=anthropic) for name in _allowed(names, key)]
    if not anthropic:
        return {"object": "list", "data": shown}
    ends = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {"first_id": None, "last_id": None}
    return {"data": shown, "has_more": False, **ends}


def one_model(names: ModelNames, key: Key | None, model: str, *, anthropic: bool) -> dict[str, Any]:
    """Return one model.

    Raises:
        Refusal: there is none of this name, or the key may not ask it.
    """
    allowed = _allowed(names, key)
    if model not in allowed:
        raise unknown_model(model, allowed)
    return _model(model, anthropic=anthropic)


def _allowed(names: ModelNames, key: Key | None) -> Mapping[str, ModelName]:
    known = names.known()
    if key is None:
        return known
    return {
        name: one
        for name, one in known.items()
        if (key.tasks is None or one.task in key.tasks)
        and (key.qualities is None or one.quality is None or one.quality in key.qualities)
    }


def _model(name: str, *, anthropic: bool) -> dict[str, Any]:
    if anthropic:
        return {"type": "model", "id": name, "display_name": name, "created_at": _CREATED_AT}
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "cascade"}
