"""Worth of `arithmetic` on the recorded sets that show working: AUROC, abstentions, and false alarms on right answers.

    python -m benchmarks.arithmetic

Reads the shared recordings; prints a table of RESULTS/worth.md.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator

from benchmarks.recorded_sets import FOLDER
from cascade.exchange import Exchange, ModelCall, Request, Response
from cascade.stats.auroc import measure_auroc
from verifiers.arithmetic import Arithmetic

SETS = ("gsm8k_2021", "gsm8k_routellm", "mz_gsm8k", "zeroeval_gsm8k")


def recorded(name: str) -> Iterator[tuple[str, str, float]]:
    """Yield model, answer and label."""
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            for one in json.loads(line)["recordings"]:
                if one.get("content") and one.get("correct") is not None:
                    yield one["model"], one["content"], float(one["correct"])


def main() -> None:
    """Print a row for each recorded model."""
    request, verifier = Request.of("?"), Arithmetic()
    print("| set | model | n | right | abstains | right answers with a wrong equation | AUROC (90 %) |")
    print("|---|---|---|---|---|---|---|")
    for name in SETS:
        by_model: dict[str, list[tuple[str, float]]] = {}
        for model, text, correct in recorded(name):
            by_model.setdefault(model, []).append((text, correct))
        for model, rows in by_model.items():
            call = ModelCall(rung="x", model=model, messages=request.messages)
            verdicts = [
                verifier.check(
                    Exchange(request=request, call=call, rung="x", model=model, response=Response(text=text))
                )
                for text, _ in rows
            ]
            scored = [(v, y) for v, (_, y) in zip(verdicts, rows, strict=True) if v.score is not None]
            alarms = [v.signals["wrong"] > 0 for v, y in scored if y >= 0.5]  # type: ignore[operator]
            area = measure_auroc([v.score for v, _ in scored], [y for _, y in scored])  # type: ignore[misc]
            low, high = (0.0, 1.0) if area is None else area.interval(0.9)
            shown = "–" if area is None else f"{area.value:.2f} ({low:.2f}–{high:.2f})"
            right = sum(y for _, y in rows) / len(rows)
            print(
                f"| {name} | {model} | {len(rows):,} | {right:.1%} | {1 - len(scored) / len(rows):.1%} | "
                f"{sum(alarms) / max(len(alarms), 1):.1%} | {shown} |"
            )


if __name__ == "__main__":
    main()
