"""What an imagined verdict would buy on the recorded sets: cost at one point lost, by AUROC of one more verdict.

    python -m benchmarks.imagined

Prints a table of RESULTS/worth.md.
"""

from __future__ import annotations

from benchmarks.recorded_sets import PAIRS, laid_out
from calibration.assess.imagined import imagine_verdicts
from calibration.combine.held_out import hold_out

AUROCS = (0.7, 0.8, 0.9)


def main() -> None:
    """Print a row a set."""
    print("| set | none | AUROC .7 | .8 | .9 | .8 may cost, of the reference's answer |")
    print("|---|---|---|---|---|---|")
    for name in PAIRS:
        table, _ = laid_out(name)
        rung = table.rungs[0]
        found = imagine_verdicts(table, rung, hold_out(table)[rung], loss=0.01, aurocs=AUROCS)
        if not found:
            continue
        costs = " | ".join(f"{one.cost_vs_top:.1%}" for one in found)
        print(f"| {name} | {costs} | {found[0].cost_vs_top - found[2].cost_vs_top:.1%} |")


if __name__ == "__main__":
    main()
