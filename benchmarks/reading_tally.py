"""Tally of a round of pairs of known truth: false differences, doubts and false agreements, by kind and language."""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from cascade.reading import read, same


def arguments(about: str | None, *, pairs: int, show: int, seed: int) -> argparse.Namespace:
    """Return the arguments of a round: pairs of a kind and language, examples shown of each, seed."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=pairs)
    parser.add_argument("--show", type=int, default=show)
    parser.add_argument("--seed", type=int, default=seed)
    return parser.parse_args()


class ReadingTally:
    """Counts of one round; prints the first pairs of each kind and language that are read wrongly."""

    def __init__(self, show: int) -> None:
        self._show, self._shown = show, Counter[str]()
        self._counts: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)

    def see(self, kind: str, language: str, one: str, two: str, *, equal: bool) -> None:
        """Read a pair, and count what comes of it."""
        found = same(read(one).answer, read(two).answer)
        name = f"{'equal' if equal else 'unequal'} {found}"
        self._counts[kind, language][name] += 1
        if found is not True if equal else found is True:
            self._shown[name + kind + language] += 1
            if self._shown[name + kind + language] <= self._show:
                print(f"{name:14} {kind:9} {language} {one!r}  |  {two!r}")

    def show(self, kinds: Iterable[str], languages: Sequence[str]) -> None:
        """Print the table, and the sum."""
        print("\nFalse difference % / doubt % of equal pairs / false agreements of unequal pairs.\n")
        print(f"| | {' | '.join(languages)} | all |\n|---|{'---:|' * (len(languages) + 1)}")
        for kind in kinds:
            rows = [self._counts[kind, language] for language in languages]
            cells = [_cell(row) for row in [*rows, sum(rows, Counter())]]
            print(f"| {kind} | {' | '.join(cells)} |")
        columns = [sum((self._counts[kind, language] for kind in kinds), Counter()) for language in languages]
        print(f"| all | {' | '.join(map(_cell, columns))} | |")
        total = sum(self._counts.values(), Counter())
        equal, unequal = (_size(total, name) for name in ("equal", "unequal"))
        doubt = 100 * total["unequal None"] / max(1, unequal)
        print(f"\n{equal:,} equal, {unequal:,} unequal pairs: {_cell(total)}; unequal in doubt: {doubt:.1f} %")


def _cell(count: Counter[str]) -> str:
    n = max(1, _size(count, "equal"))
    return f"{100 * count['equal False'] / n:.1f} / {100 * count['equal None'] / n:.1f} / {count['unequal True']}"


def _size(count: Counter[str], name: str) -> int:
    return sum(number for outcome, number in count.items() if outcome.split()[0] == name)
