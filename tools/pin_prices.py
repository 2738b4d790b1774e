"""Refresh cascade/prices.json from the price map that litellm bundles: `python tools/pin_prices.py [MODEL…]`.

Models that are listed are refreshed, those named on the command line are added, nominal prices stay as they are.
Models that the map no longer has keep their prices, and are named. The diff is then read by a person: a wrong price
makes every report wrong.
"""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from cascade.prices import KINDS, TIERS, bundled_price
from cascade.usage import Price

_PLAIN = Price(input_usd=0.0, output_usd=0.0)
TABLE = Path(__file__).resolve().parent.parent / "cascade" / "prices.json"


def main(added: list[str]) -> None:
    """Write the table anew, in US dollars per million tokens."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    models = table["models"]
    for model in sorted({*models, *added}):
        if models.get(model, {}).get("nominal"):
            continue
        price = bundled_price(model)
        if price is None and model in models:
            print(f"{model} is no longer in litellm's map; its price stays.")
            continue
        if price is None:
            raise SystemExit(f"litellm's bundled map has no usable price for {model}.")
        figures = {kind: getattr(price, f"{kind}_usd") for kind in KINDS}
        models[model] = {kind: round(usd * 1e6, 6) for kind, usd in figures.items() if usd is not None}
        factors = {tier: round(getattr(price, f"{tier}_factor"), 3) for tier in TIERS}
        models[model] |= {
            tier: factor for tier, factor in factors.items() if factor != getattr(_PLAIN, f"{tier}_factor")
        }
    table["date"] = datetime.now(tz=UTC).date().isoformat()
    table["source"] = f"price map bundled with litellm {version('litellm')}"
    table["models"] = dict(sorted(models.items()))
    lines = ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in table.pop("models").items())
    head = json.dumps(table, indent=2).removesuffix("\n}")
    TABLE.write_text(f'{head},\n  "models": {{\n{lines}\n  }}\n}}\n', encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
