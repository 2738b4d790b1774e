"""Measure the embedded ladder on held-out sentences: exact match, AUROC of log-probabilities, milliseconds, bytes.

    python benchmarks/embedded.py [--sentences 1000] [--seed 0]

prints one JSON object; models answer on one core.
"""

import argparse
import json
import time
from importlib.resources import files

import numpy as np
from sklearn.metrics import roc_auc_score

from cascade.embedded.language import HELD_OUT_SEEDS, Order, orders
from cascade.embedded.model import NAMES, load


def measured(name: str, held_out: list[Order]) -> dict[str, float | int]:
    """Return the figures of one rung."""
    model = load(name)
    model.answer(held_out[0].sentence)
    right, lowest, mean, spent, lengths = [], [], [], [], []
    for order in held_out:
        started = time.perf_counter()
        answer = model.answer(order.sentence)
        spent.append(1000 * (time.perf_counter() - started))
        logprobs = [token.logprob for token in answer.tokens]
        right.append(answer.text == order.gold)
        lowest.append(min(logprobs))
        mean.append(float(np.mean(logprobs)))
        lengths.append((answer.prompt_tokens, len(answer.tokens)))
    return {
        "exact_match": round(float(np.mean(right)), 4),
        "auroc_min_logprob": round(float(roc_auc_score(right, lowest)), 4),
        "auroc_mean_logprob": round(float(roc_auc_score(right, mean)), 4),
        "p50_ms": round(float(np.percentile(spent, 50)), 2),
        "p95_ms": round(float(np.percentile(spent, 95)), 2),
        "mean_prompt_tokens": round(float(np.mean([prompt for prompt, _ in lengths])), 1),
        "mean_answer_tokens": round(float(np.mean([written for _, written in lengths])), 1),
        "weights_bytes": len(files("cascade.embedded").joinpath("weights", f"{name}.npz").read_bytes()),
    }


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sentences", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.seed not in HELD_OUT_SEEDS:
        parser.error(f"seed {options.seed} was used in training, take one below {HELD_OUT_SEEDS.stop}")
    held_out = orders(options.sentences, options.seed)
    rungs = {name: measured(name, held_out) for name in NAMES}
    total = sum(int(rung["weights_bytes"]) for rung in rungs.values())
    print(
        json.dumps({"sentences": len(held_out), "seed": options.seed, "rungs": rungs, "weights_bytes": total}, indent=2)
    )


if __name__ == "__main__":
    main()
