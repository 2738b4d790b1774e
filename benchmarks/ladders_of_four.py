"""Ladders of four recorded models, each with the top of its set's typical pair, laid out with all their sub-ladders."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from benchmarks.recorded_sets import FOLDER
from calibration.samples.recorded import recorded_ladder
from calibration.samples.subladders import lay_out_parts, list_subladders
from calibration.samples.table import Table
from cascade.samples.jsonl import read_samples
from cascade.samples.sample import Sample

LADDERS = {
    "mz_mmlu": ("gpt-4o-mini", "llama3.1-70b", "qwen2.5-72b-instruct", "gpt-4o"),
    "mz_medmcqa": ("gpt-4o-mini", "qwen2.5-72b-instruct", "llama3.1-70b", "gpt-4o"),
    "lifeeval_mcq": ("Meta-Llama-3.1-8B-Instruct", "deepseek-v3", "Meta-Llama-3.1-70B-Instruct", "gpt-4o"),
    "zeroeval_gsm8k": (
        "Meta-Llama-3.1-8B-Instruct",
        "gpt-4o-mini-2024-07-18",
        "Meta-Llama-3.1-70B-Instruct",
        "claude-3-5-sonnet-20241022",
    ),
    "mz_truthfulqa": ("gpt-4o-mini", "llama3.1-70b", "qwen2.5-72b-instruct", "gpt-4o"),
    "zeroeval_crux": (
        "gpt-4o-mini-2024-07-18",
        "Qwen2.5-72B-Instruct",
        "claude-3-5-sonnet-20241022",
        "gpt-4o-2024-08-06",
    ),
}
"""The typical pair's two models (mz_truthfulqa, mz_mmlu, …) with two between them in price; cheapest first."""


def laid_out_of_four(name: str, rungs: Sequence[str] | None = None) -> tuple[Table, list[Sample]]:
    """Return one set as a table with all sub-ladders, and its samples in the same order."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        sys.exit("The recorded sets (../shared/data) are not on this machine; this benchmark needs them.")
    samples, names = list(read_samples(path)), rungs or LADDERS[name]
    wanted = [*list_subladders(names, choose=True), *((rung,) for rung in names)]
    ladder = recorded_ladder(samples, names, None)
    return lay_out_parts(samples[0].request.task, samples, ladder, wanted), samples
