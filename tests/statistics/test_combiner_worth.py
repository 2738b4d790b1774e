"""The combiner's worth on recorded multiple-choice answers, and its thresholds' rate on rows it never saw."""

import gzip
import json

import numpy as np
import pytest

from calibration.combine.fit_combiner import fit_combiner
from calibration.stats.rate import escalates, fit_threshold, predictive_mean_error, rate_predictive
from cascade.stats.auroc import auroc

pytestmark = pytest.mark.slow

NAMES = ("parses", "length", "logprob", "stated_confidence", "model")
MODELS = ("Meta-Llama-3.1-8B-Instruct", "claude-3-haiku-20240307")


def _parses(text):
    try:
        json.loads(text)
    except ValueError:
        return 0.0
    return 1.0


def _features(recording):
    logprobs = recording.get("logprobs") or [np.nan]
    stated = recording.get("verdicts", {}).get("stated_confidence", {}).get("score")
    return [
        _parses(recording["content"]),
        np.log1p(len(recording["content"])),
        np.mean(logprobs),
        np.nan if stated is None else stated,
        float(MODELS.index(recording["model"])),
    ]


@pytest.fixture(scope="module")
def lifeeval(shared_data):
    with gzip.open(shared_data / "lifeeval_mcq.jsonl.gz", "rt") as lines:
        recordings = [found for line in lines for found in json.loads(line)["recordings"] if found["model"] in MODELS]
    recordings = [found for found in recordings if found["correct"] is not None]
    return np.array([_features(found) for found in recordings]), np.array([found["correct"] for found in recordings])


def test_it_orders_answers_better_than_any_single_signal(lifeeval):
    x, y = lifeeval
    combined, single = [], []
    for seed in range(40):
        order = np.random.default_rng(seed).permutation(len(y))
        train, test = order[:200], order[200:]
        combined.append(auroc(fit_combiner(x[train], y[train], NAMES, seed=0).confidences(x[test]), y[test]))
        # The best any one signal does, its direction chosen on the test rows: an advantage that the combiner lacks.
        areas = [auroc(np.nan_to_num(column[test], nan=np.nanmedian(column)), y[test]) for column in x.T]
        single.append(max(max(area, 1 - area) for area in areas))
    assert np.mean(combined) >= 0.78
    assert np.mean(combined) > np.mean(single) + 0.02


def test_thresholds_on_the_rows_it_was_fitted_on_keep_the_rate_on_others(lifeeval):
    x, y = (part[: len(lifeeval[1])] for part in lifeeval)
    m = len(y) - 200
    low, high = rate_predictive(200, 0.25, m)
    realised = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(y))
        train, test = order[:200], order[200:]
        combiner = fit_combiner(x[train], y[train], NAMES, seed=0)
        threshold = fit_threshold(combiner.confidences(x[train]), 0.25)
        realised.append(escalates(combiner.confidences(x[test]), rng.random(m), *threshold).mean())
    assert np.abs(np.array(realised) - 0.25).mean() <= 1.2 * predictive_mean_error(200, 0.25, m)
    assert np.mean((np.array(realised) >= low) & (np.array(realised) <= high)) >= 0.85
