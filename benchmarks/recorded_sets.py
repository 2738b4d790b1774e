"""Recorded sets beside the checkout, with the pair of models that each is measured on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from calibration.samples.recorded import recorded_ladder
from calibration.samples.table import Table, lay_out
from cascade.ladder import Ladder
from cascade.samples.jsonl import read_samples

FOLDER = Path(__file__).parent.parent.parent / "shared" / "data"

PAIRS = {
    "csqa_reread": ("gpt-3.5-turbo-0613", "text-davinci-003"),
    "date_mot": ("gpt-3.5-turbo", "gpt-4"),
    "gsm8k_2021": ("175b_finetuning", "175b_verification"),
    "gsm8k_mot": ("llama2-13b", "gpt-4"),
    "gsm8k_routellm": ("mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"),
    "judge_prefs": ("mistral-7b-instruct", "gpt-4-turbo"),
    "lifeeval_mcq": ("Meta-Llama-3.1-8B-Instruct", "gpt-4o"),
    "mz_gsm8k": ("llama3.1-8b", "llama3.1-405b"),
    "mz_medmcqa": ("gpt-4o-mini", "gpt-4o"),
    "mz_mmlu": ("gpt-4o-mini", "gpt-4o"),
    "mz_truthfulqa": ("gpt-4o-mini", "gpt-4o"),
    "ner_extract": ("Meta-Llama-3.1-70B-Instruct", "gpt-4o-2024-05-13"),
    "wildbench": ("Phi-3-mini-128k-instruct", "Qwen1.5-72B-Chat-greedy"),
    "zeroeval_crux": ("gpt-4o-mini-2024-07-18", "gpt-4o-2024-08-06"),
    "zeroeval_gsm8k": ("Meta-Llama-3.1-8B-Instruct", "claude-3-5-sonnet-20241022"),
}
"""Where a set's description names accuracies only, the models that have them; where it names none, the best known."""


def laid_out(name: str, verifiers: Sequence[str] | None = None) -> tuple[Table, Ladder]:
    """Return one set as a table, with the ladder of its pair."""
    path = FOLDER / f"{name}.jsonl.gz"
    if not path.exists():
        sys.exit("The recorded sets (../shared/data) are not on this machine; this benchmark needs them.")
    samples = list(read_samples(path))
    ladder = recorded_ladder(samples, PAIRS[name], verifiers)
    return lay_out(samples[0].request.task, samples, ladder), ladder
