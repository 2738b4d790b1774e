"""Reading: pairs of known truth, speed, and recorded answers.

python -m benchmarks.reading pairs [--pairs N] [--show N] [--held-back]
python -m benchmarks.reading speed
python -m benchmarks.reading recorded [FOLDER]
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import Random

from benchmarks.reading_formats import KINDS, LANGUAGES, disturbed, draw, write
from cascade.reading import read, same
from cascade.reading.reading import Reading
from cascade.stats.auroc import auroc

SHARED = Path(__file__).parents[2] / "shared" / "data"
SETS = ("zeroeval_crux", "zeroeval_gsm8k", "gsm8k_routellm", "gsm8k_2021", "csqa_reread", "date_mot", "lifeeval_mcq")


def pairs(per_cell: int, show: int, *, held_back: bool) -> None:
    """Count false agreement, false difference and doubt per kind and language."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    shown: Counter[str] = Counter()
    rng = Random(12)
    for kind in KINDS:
        for language in LANGUAGES:
            for _ in range(per_cell):
                truth = draw(kind, language, rng)
                other = language if kind in ("list", "choice") or rng.random() < 0.6 else rng.choice(LANGUAGES)
                for equal in (True, False):
                    theirs = truth if equal else disturbed(truth, rng)
                    one = write(truth, language, rng, held_back=held_back)
                    two = write(theirs, other, rng, held_back=held_back)
                    found = same(read(one).answer, read(two).answer)
                    outcome = f"{'equal' if equal else 'unequal'} {found}"
                    counts[kind, language][outcome] += 1
                    wrong = found is not equal and not (found is None and not equal)
                    if wrong and shown[outcome + kind] < show:
                        shown[outcome + kind] += 1
                        print(f"{outcome:14} {kind:8} {one!r}\n{'':23} {two!r}")
    print(
        "| kind | language | equal pairs | false difference | in doubt | unequal pairs | false agreement | in doubt |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|")
    total: Counter[str] = Counter()
    for (kind, language), count in counts.items():
        total += count
        print(_row(kind, language, count))
    print(_row("all", "", total))


def _row(kind: str, language: str, count: Counter[str]) -> str:
    equal = sum(count[f"equal {found}"] for found in (True, False, None))
    unequal = sum(count[f"unequal {found}"] for found in (True, False, None))
    cells = [
        *(f"{equal:,}", f"{100 * count['equal False'] / equal:.1f} %", f"{100 * count['equal None'] / equal:.1f} %"),
        *(f"{unequal:,}", f"{count['unequal True']}", f"{100 * count['unequal None'] / unequal:.1f} %"),
    ]
    return f"| {kind} | {language} | {' | '.join(cells)} |"


def speed() -> None:
    """Print the time of a reading by the answer's form and length."""
    line = "Step 1: She has 3 + 4 = 7 eggs, and the market takes 12.5 % of them each day, as the table shows.\n"
    forms = {
        "a working in English": lambda size: (
            (line * (1 + size // len(line)))[:size] + "\nThe answer is **18 dollars**."
        ),
        "a working without a mark": lambda size: (
            (line * (1 + size // len(line)))[:size] + "\nSo she makes 9 * 2 = $18."
        ),
        "JSON": lambda size: json.dumps({"reasoning": "She has three eggs. " * (size // 20), "answer": "18"}),
        "Chinese": lambda size: "她每天卖九个鸡蛋，所以总共赚十八元。" * (size // 18) + "\n答案是18元。",
        "prose": lambda size: "The quick brown fox jumps over the lazy dog and goes on. " * (size // 57),
        "brackets": lambda size: "[1] {" * (size // 5),
        "figures and commas": lambda size: "1,234 " * (size // 6),
    }
    print("| answer | 1 kB, µs | 64 kB, ms | 1 MiB, ms |\n|---|---:|---:|---:|")
    for name, form in forms.items():
        small, middle, large = (_seconds(form(size)) for size in (1000, 65_536, 2**20))
        print(f"| {name} | {1e6 * small:.0f} | {1e3 * middle:.1f} | {1e3 * large:.0f} |")


def _seconds(text: str) -> float:
    best = float("inf")
    for _ in range(50 if len(text) < 10_000 else 3):
        began = time.perf_counter()
        assert Reading(text).answer is not None
        best = min(best, time.perf_counter() - began)
    return best


def recorded(folder: Path) -> None:
    """Print agreement of each pair of models on recorded sets, and its AUROC for the label of the first."""
    print("| set | pairs | one right: agree | in doubt | both right: agree | in doubt | AUROC, median |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name in SETS:
        path = folder / f"{name}.jsonl.gz"
        if not path.is_file():
            continue
        count: Counter[tuple[str, bool | None]] = Counter()
        scores: dict[tuple[str, str], list[tuple[bool, float]]] = defaultdict(list)
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for text in lines:
                own = [one for one in json.loads(text)["recordings"] if one["correct"] in (0.0, 1.0)]
                for one in own:
                    for other in own:
                        if one is other:
                            continue
                        found = same(read(one["content"]).answer, read(other["content"]).answer)
                        right = one["correct"] + other["correct"]
                        count["one" if right == 1 else "both" if right == 2 else "none", found] += 1
                        if found is not None:
                            scores[one["model"], other["model"]].append((one["correct"] == 1.0, float(found)))
        aurocs = sorted(filter(None, (_auroc(rows) for rows in scores.values())))
        shares = [
            f"{100 * count[right, found] / max(1, sum(count[right, one] for one in (True, False, None))):.1f} %"
            for right, found in (("one", True), ("one", None), ("both", True), ("both", None))
        ]
        print(f"| {name} | {sum(count.values()):,} | {' | '.join(shares)} | {aurocs[len(aurocs) // 2]:.3f} |")


def _auroc(rows: list[tuple[bool, float]]) -> float | None:
    labels = [label for label, _ in rows]
    if all(labels) or not any(labels):
        return None
    return auroc([score for _, score in rows], labels)


def main() -> None:
    """Run one part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", choices=["pairs", "speed", "recorded"])
    parser.add_argument("folder", nargs="?", type=Path, default=SHARED)
    parser.add_argument("--pairs", type=int, default=120, help="equal pairs, and unequal ones, per kind and language")
    parser.add_argument("--show", type=int, default=0, help="wrong pairs to print per kind and outcome")
    parser.add_argument("--held-back", action="store_true")
    given = parser.parse_args()
    if given.part == "pairs":
        pairs(given.pairs, given.show, held_back=given.held_back)
    elif given.part == "speed":
        speed()
    else:
        recorded(given.folder)


if __name__ == "__main__":
    main()
