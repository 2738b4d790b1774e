"""Readers of another commit against these, on recorded sets: agreement, graders, and cost at equal loss.

    git worktree add --detach OLD 3add053
    cd OLD; PYTHONPATH=. python …/benchmarks/reading_before.py dump DATA DUMP [SET …]
    python -m benchmarks.reading_before tally DATA DUMP [SET …]
    python -m benchmarks.reading_before cost DATA DUMP [SET …] [--splits 10]

3add053 is the last commit without `cascade.reading`. `dump` runs there, on its readers: of every recording it writes
the final answer, the grader's label, and the verdicts of refusal, schema, hedging and logprob. The other parts run here
and take from the dump what was said before, so that calibration is the same for both. Costs are `frontier`'s: policies
over aims, fitted on 300 rows, measured on the others, as a share of always asking the top.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from cascade.exchange import Exchange
from cascade.ladder import Rung
from cascade.plugins import verifier
from cascade.samples.jsonl import read_samples
from cascade.verdict import Verdict, Verifier

ALONE = ("refusal", "schema", "hedging", "logprob")
"""Verifiers that look at one answer."""
LADDERS = {
    "csqa_reread": ("gpt-4o-mini-2024-07-18", "gpt-3.5-turbo-0613", "text-davinci-003"),
    "date_mot": ("llama2-13b", "gpt-3.5-turbo", "gpt-4"),
    "gsm8k_2021": ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification"),
    "gsm8k_routellm": ("mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"),
    "mz_gsm8k": ("llama3.1-8b", "gpt-4o-mini", "qwen2.5-72b-instruct", "llama3.1-405b"),
}
"""Ladders of sets that `ladders_of_four` does not have."""
SETS = ("zeroeval_crux", "zeroeval_gsm8k", "lifeeval_mcq", *LADDERS)
Dump = dict[str, dict[str, dict[str, Any]]]
"""What was said of recordings before, by sample and rung."""


def dump(data: Path, out: Path, name: str) -> None:
    """Write what the readers of the tree on the path say of every recording of a set."""
    extract = importlib.import_module("verifiers.final_answer").extract
    by_gold = importlib.import_module("calibration.samples.grade").by_gold
    said: Dump = {}
    for sample in read_samples(data / f"{name}.jsonl.gz"):
        rows = said.setdefault(sample.request.id, {})
        for rung, recording in sample.recordings.items():
            exchange = Exchange(
                request=sample.request,
                response=recording.response,
                rung=rung,
                model=rung,
                call=Rung(rung, name=rung, verify=()).call(sample.request),
                earlier={},
            )
            verdicts = {one: verifier(one).check(exchange) for one in ALONE}
            rows[rung] = {
                "final": extract(recording.response.text),
                "grade": None if sample.gold is None else by_gold(recording.response.text, sample.gold),
                "verdicts": {one: [own.score, own.veto, dict(own.signals)] for one, own in verdicts.items()},
            }
    (out / f"{name}.json").write_text(json.dumps(said), encoding="utf-8")


class Before(Verifier):
    """A verifier whose verdicts are those of the dump."""

    inline = True
    reads_earlier = False

    def __init__(self, name: str, said: Dump) -> None:
        """Take the verifier's name."""
        self.name, self._said = name, said

    def check(self, exchange: Exchange) -> Verdict:
        """Return the verdict that was given before."""
        score, veto, signals = self._said[exchange.request.id][exchange.rung]["verdicts"][self.name]
        return (
            Verdict.abstain("before")
            if score is None and not veto
            else Verdict(score=score, veto=veto, signals=signals)
        )


class AgreementBefore(Before):
    """Agreement of the dump's final answers."""

    reads_earlier = True

    def check(self, exchange: Exchange) -> Verdict:
        """Return the share of earlier answers that were the same before."""
        rows = self._said[exchange.request.id]
        own, others = rows[exchange.rung]["final"], [rows[rung]["final"] for rung in exchange.earlier]
        if own is None or not others:
            return Verdict.abstain("before")
        alike = [float(own == other) for other in others]
        return Verdict(score=sum(alike) / len(alike), signals={"with_previous": alike[-1]})


def tally(data: Path, said: Dump, name: str) -> str:
    """Return the row of one set: agreement by what is right, AUROC, and graders against the recorded labels."""
    from benchmarks.reading import _auroc
    from calibration.samples.grade import by_gold
    from cascade.reading import read, same

    counts: defaultdict[int, Counter[Any]] = defaultdict(Counter)
    scores: defaultdict[int, defaultdict[tuple[str, str], list[tuple[bool, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    wrong: Counter[int] = Counter()
    for sample in read_samples(data / f"{name}.jsonl.gz"):
        own = {}
        for rung, recording in sample.recordings.items():
            if recording.correct not in (0.0, 1.0):
                continue
            text, row = recording.response.text, said[sample.request.id][rung]
            grades = (row["grade"], None if sample.gold is None else by_gold(text, sample.gold))
            for when, grade in enumerate(grades):
                wrong[when] += grade is not None and (grade >= 0.5) is not (recording.correct == 1.0)
                counts[when]["graded"] += grade is not None
            own[rung] = (recording.correct == 1.0, row["final"], read(text).answer, grades[1])
        for one, (right, old, new, grade) in own.items():
            for other, (others_right, others_old, others_new, others_grade) in own.items():
                if one == other:
                    continue
                for when, found in enumerate((None if old is None else old == others_old, same(new, others_new))):
                    counts[when][right + others_right, found] += 1
                    if right != others_right and found and (others_grade if right else grade) != 1.0:
                        counts[when]["no gold"] += 1
                    if found is not None:
                        scores[when][one, other].append((right, float(found)))
    cells = []
    for when in (0, 1):
        count = counts[when]
        pairs = [max(1, sum(count[kind, found] for found in (True, False, None))) for kind in (1, 2)]
        aurocs = sorted(filter(None, map(_auroc, scores[when].values())))
        shown = [100 * count[kind, found] / pairs[kind - 1] for kind, found in ((1, True), (1, None), (2, True))]
        no_gold, median = 100 * count["no gold"] / pairs[0], aurocs[len(aurocs) // 2]
        cells.append(
            f"{shown[0]:.1f} ({no_gold:.2f}) | {shown[1]:.1f} | {shown[2]:.1f} | {median:.3f} "
            f"| {wrong[when]} of {count['graded']}"
        )
    return "\n".join(f"| {name} | {when} | {cell} |" for when, cell in zip(("before", "after"), cells, strict=True))


def cost(data: Path, said: Dump, name: str, splits: int) -> str:
    """Return the row of one set: cost at a loss of one and two points, before and after, and their difference."""
    import numpy as np

    from benchmarks import frontier, ladders_of_four
    from calibration.samples.recorded import recorded_ladder
    from calibration.samples.subladders import lay_out_parts, list_subladders

    samples = list(read_samples(data / f"{name}.jsonl.gz"))
    rungs = ladders_of_four.LADDERS.get(name) or LADDERS[name]
    parts = [*list_subladders(rungs, choose=True), *((rung,) for rung in rungs)]
    now = recorded_ladder(samples, rungs, None)
    old = [
        AgreementBefore("agreement", said)
        if one.name == "agreement"
        else Before(one.name, said)
        if one.name in ALONE
        else one
        for one in next(iter(now)).verifiers
    ]
    curves = []
    for ladder in (recorded_ladder(samples, rungs, old), now):
        table = lay_out_parts(samples[0].request.task, samples, ladder, parts)
        rng, found = np.random.default_rng(0), []
        for _ in range(splits):
            order, n = rng.permutation(len(table)), min(300, len(table) * 2 // 3)
            _, path = frontier.ours(table.take(order[:n]), test := table.take(order[n:]), 0.01)
            found.append(frontier.our_curve(path, test))
        curves.append(np.array(found))
    at = [[frontier.cost_at(curve.mean(axis=0), loss) for curve in curves] for loss in (0.01, 0.02)]
    by_split = [frontier.cost_at(two, 0.01) - frontier.cost_at(one, 0.01) for one, two in zip(*curves, strict=True)]
    spread = f"{np.mean(by_split):+.3f} ± {np.std(by_split) / len(by_split) ** 0.5:.3f}"
    return f"| {name} | {' | '.join(f'{one:.3f} → {two:.3f}' for one, two in at)} | {spread} |"


def main() -> None:
    """Run one part on the sets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["dump", "tally", "cost"])
    parser.add_argument("data", type=Path)
    parser.add_argument("dump", type=Path)
    parser.add_argument("sets", nargs="*", metavar="SET")
    parser.add_argument("--splits", type=int, default=10)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    for name in given.sets or SETS:
        if given.part == "dump":
            dump(given.data, given.dump, name)
            continue
        said: Dump = json.loads((given.dump / f"{name}.json").read_text(encoding="utf-8"))
        print(tally(given.data, said, name) if given.part == "tally" else cost(given.data, said, name, given.splits))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
