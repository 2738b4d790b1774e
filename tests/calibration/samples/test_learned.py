"""Learned verdicts: fitted out of fold, never on what certifies, and the same when served."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest

from calibration import Best, EscalationRate, MaxDisagreement, MaxLoss, calibrate, replay
from calibration.samples.learned import LearnedSamples
from calibration.samples.recorded import Recorded
from calibration.samples.scorer_fits import fit_scorers
from calibration.samples.table import lay_out
from calibration.stats.split import split_rows
from cascade import Cascade
from cascade.clients.recorded import RecordedClient
from cascade.errors import ConfigError, DataError
from cascade.exchange import Request, Response
from cascade.ladder import Ladder, Rung
from cascade.policy.policy import Policy
from cascade.samples.sample import Recording, Sample
from cascade.settings import Settings
from cascade.stats.auroc import auroc
from cascade.usage import Usage
from cascade.verdict import Verdict
from verifiers import Learned, Schema

LADDER = Ladder(
    Rung("test/small", name="small", verify=(Schema(), Learned())),
    Rung("test/large", name="large", verify=(Learned(),)),
)
NOISE = ("red", "green", "blue", "tram", "river", "bell", "lamp", "stone")


def texts(n: int, *, telling: float, seed: int = 0, labelled: bool = True) -> list[Sample]:
    """Return samples of which a share shows by a word whether the small rung's answer is right."""
    rng, made = np.random.default_rng(seed), []
    for i in range(n):
        right = bool(rng.random() < 0.6)
        tells = rng.random() < telling
        word = ("exactly" if right else "perhaps") if tells else "so"
        answer = f"{word} {' '.join(rng.choice(NOISE, 3))} {i}"
        recordings = {
            name: Recording(
                rung=name,
                model=f"test/{name}",
                response=Response(
                    text=text, finish_reason="stop", usage=Usage(input_tokens=20, output_tokens=9), cost_usd=usd
                ),
                correct=(float(right) if name == "small" else 1.0) if labelled else None,
            )
            for name, text, usd in (("small", answer, 0.001), ("large", f"as it is {i}", 0.01))
        }
        prompt = f"{' '.join(rng.choice(NOISE, 4))} number {seed} {i}?"
        made.append(Sample(request=Request.of(prompt, id=f"{seed}-{i}", task="t"), recordings=recordings))
    return made


def fitted(samples: list[Sample], *, certifies: bool = False) -> LearnedSamples:
    found = fit_scorers(samples, LADDER, ["t"], certifies=certifies)
    assert found is not None
    return found


def scores(samples: LearnedSamples) -> np.ndarray:
    found = [one.recordings["small"].verdicts["learned"].score for one in samples]
    return np.array([np.nan if score is None else score for score in found])


def test_what_words_tell_is_learnt_and_what_they_do_not_tell_is_not() -> None:
    """In sample, unique words would tell any labels apart: out of fold, noise stays noise."""
    telling, silent = texts(400, telling=0.9), texts(400, telling=0.0)
    right = [[one.recordings["small"].correct for one in samples] for samples in (telling, silent)]
    assert (auroc(scores(fitted(telling)), right[0]) or 0.0) > 0.85
    assert abs((auroc(scores(fitted(silent)), right[1]) or 0.0) - 0.5) < 0.07
    seen = [replace(one, recordings={"small": replace(one.recordings["small"], correct=None)}) for one in silent]
    again = LearnedSamples(samples=seen, wanted={"t": {"small": ("learned",)}}, scorers=fitted(silent).scorers)
    assert (auroc(scores(again), right[1]) or 0.0) > 0.8


def test_new_samples_are_told_apart_as_well_as_the_scores_out_of_fold_say() -> None:
    found, fresh = fitted(texts(400, telling=0.8)), texts(600, telling=0.8, seed=5)
    held = auroc(scores(found), [one.recordings["small"].correct for one in texts(400, telling=0.8)])
    new = auroc(scores(replace(found, samples=fresh, held_out={})), [one.recordings["small"].correct for one in fresh])
    assert held is not None
    assert new is not None
    assert abs(held - new) < 0.05


def test_rows_that_certify_are_not_learnt_from() -> None:
    samples = texts(200, telling=0.9)
    found = fitted(samples, certifies=True)
    first = split_rows([None] * 200, seed=0)
    assert np.array_equal(~np.isnan(found.held_out["t", "small"]), first)
    turned = [
        one
        if first[row]
        else replace(
            one,
            recordings={
                **one.recordings,
                "small": replace(one.recordings["small"], correct=1.0 - (one.recordings["small"].correct or 0.0)),
            },
        )
        for row, one in enumerate(samples)
    ]
    assert fitted(turned, certifies=True).scorers == found.scorers


@pytest.mark.parametrize("kind", ["sessions", "copies", "both"])
def test_groups_and_copies_that_certify_are_not_learnt_from_either(kind: str) -> None:
    """The split is the certificate's own: that of the rows as they are laid out."""
    samples = []
    for place, one in enumerate(texts(240, telling=0.9)):
        group = f"s{place // 6}" if kind == "sessions" or (kind == "both" and place % 2) else None
        twin = kind != "sessions" and place % 3
        messages = samples[-1].request.messages if twin else one.request.messages
        samples.append(replace(one, request=Request.of(messages, id=one.request.id, task="t", group=group)))
    groups = lay_out("t", samples, LADDER).groups
    assert len(set(groups)) < len(groups), "else nothing is shown"
    learnt = ~np.isnan(fitted(samples, certifies=True).held_out["t", "small"])
    assert np.array_equal(learnt, split_rows(groups, seed=0))
    sides = {(group, bool(side)) for group, side in zip(groups, learnt, strict=True) if group is not None}
    assert len(sides) == len(set(groups) - {None})


def test_copies_of_a_request_are_never_scored_by_each_other() -> None:
    """A prompt that came five times would be known by heart."""
    samples = [
        replace(one, request=replace(one.request, id=f"{one.request.id}-{copy}"))
        for one in texts(60, telling=0.0)
        for copy in range(5)
    ]
    held = auroc(scores(fitted(samples)), [one.recordings["small"].correct for one in samples])
    assert abs((held or 0.0) - 0.5) < 0.15


def test_a_policy_serves_what_it_was_fitted_to(tmp_path) -> None:
    """Replay and a live cascade give the confidences that calibration saw, after a way through the file."""
    samples, fresh = texts(300, telling=0.9), texts(50, telling=0.9, seed=3)
    calibrate(samples, LADDER, target=EscalationRate(0.3)).save(tmp_path / "policy.json")
    policy = Policy.load(tmp_path / "policy.json")
    assert policy.learned["t"]["small"]["learned"].n == 270, "all but one of ten folds"
    found = replay(fresh, policy, LADDER)
    with Cascade(LADDER, policy=policy, client=RecordedClient(fresh)) as app:
        served = [app.run(one.request) for one in fresh]
    assert found.tasks["t"].rate.tolist() == [float(one.escalated) for one in served]
    assert {verdict.name for verdict in served[0].attempts[0].verdicts} == {"schema", "learned"}
    assert all(one.attempts[0].verdicts[1].score is not None for one in served)
    assert {one.attempts[0].response.text.split()[0] for one in served if one.escalated} == {"perhaps"}


def test_observed_it_scores_as_it_would_where_it_serves(tmp_path) -> None:
    samples, fresh = texts(300, telling=0.9), texts(3, telling=0.9, seed=3)
    policy = calibrate(samples, LADDER, target=EscalationRate(0.3))
    log, observe = tmp_path / "log.db", Settings(mode="observe")
    with Cascade(LADDER, policy=policy, client=RecordedClient(fresh), settings=observe, log=log) as app:
        for one in fresh:
            app.run(one.request)
    with Cascade(LADDER, policy=policy, client=RecordedClient(fresh)) as app:
        served = {app.run(one.request).attempts[0].verdicts[1].score for one in fresh}
    with closing(sqlite3.connect(log)) as connection:
        rows = connection.execute("SELECT score FROM observed_verdicts WHERE verifier = 'learned'").fetchall()
    assert {row[0] for row in rows} - {None} == served


def test_the_policys_hash_covers_the_weights() -> None:
    policy = calibrate(texts(200, telling=0.9), LADDER, target=EscalationRate(0.3))
    other = replace(policy.learned["t"]["small"]["learned"], intercept=9.0)
    changed = replace(policy, learned={"t": {"small": {"learned": other}}})
    assert changed.sha256 != policy.sha256
    body = json.loads(json.dumps(policy.to_json()))
    assert Policy.from_json(body).learned == policy.learned
    assert "learned" not in replace(policy, learned={}).to_json()


@pytest.mark.parametrize(
    ("key", "change", "says"),
    [
        ("weights", lambda text: text[:1000], "750 bytes; 4,096 were expected"),
        ("weights", lambda text: text + text, "base 64; 4,096 bytes"),
        ("weights", lambda text: "", "0 bytes; 4,096 were expected"),
        ("weights", lambda text: "重み" + text[2:], "base 64; 4,096 bytes"),
        ("weights", lambda text: None, "weights is None"),
        ("intercept", lambda number: float("nan"), "NaN is not a number"),
        ("scale", lambda number: float("inf"), "Infinity is not a number"),
        ("scale", lambda number: -number, "greater than or equal to 0"),
        ("n", lambda number: 0, "greater than or equal to 1"),
    ],
)
def test_a_policy_file_with_damaged_weights_is_refused_in_a_sentence_that_names_it(tmp_path, key, change, says) -> None:
    path = tmp_path / "policy.json"
    body = calibrate(texts(200, telling=0.9), LADDER, target=EscalationRate(0.3)).to_json()
    scorer = body["learned"]["t"]["small"]["learned"]
    scorer[key] = change(scorer[key])
    path.write_text(json.dumps(body))
    with pytest.raises(ConfigError) as caught:
        Policy.load(path)
    said = str(caught.value)
    assert said.startswith(f"{path} is not a policy that can be served: ")
    assert says in said
    assert said.endswith(". Write it again with `cascade calibrate`.")


ANSWERS = {
    "Japanese": ("これは正しい答えです。", "たぶん違うかもしれません。"),
    "Arabic": ("الجواب الصحيح هو كذا", "رُبَّما لا أعرف ذلك"),
    "emoji": ("✅🎉👍🏽👍🏽", "🤷‍♀️❓🇫🇷"),
    "lone surrogates": ("yes \ud800 yes", "not \udfff not"),
}


@pytest.mark.parametrize("kind", [*ANSWERS, "empty", "tools"])
def test_answers_in_any_script_empty_ones_and_tool_calls_alone_are_read(kind: str) -> None:
    """Where nothing is written, nothing is learnt; all else is told apart by its words, served as calibrated."""

    def spoken(sample: Sample) -> Sample:
        small = sample.recordings["small"]
        answer = small.response
        if kind == "tools":
            arguments = json.dumps({"q": "tram" if small.correct else "bell"})
            call = {"id": "c", "type": "function", "function": {"name": "find", "arguments": arguments}}
            answer = replace(answer, text="", tool_calls=(call,), finish_reason="tool_calls")
        else:
            right, wrong = ANSWERS.get(kind, ("", ""))
            answer = replace(answer, text=right if small.correct else wrong)
        return replace(sample, recordings={**sample.recordings, "small": replace(small, response=answer)})

    samples, fresh = ([spoken(one) for one in texts(n, telling=0.0, seed=n)] for n in (120, 40))
    found = fitted(samples)
    told = auroc(scores(found), [one.recordings["small"].correct for one in samples])
    assert (told or 0.0) > 0.95 if kind != "empty" else abs((told or 0.0) - 0.5) < 0.15
    policy = calibrate(samples, LADDER, target=EscalationRate(0.3))
    with Cascade(LADDER, policy=policy, client=RecordedClient(fresh)) as app:
        served = [app.run(one.request).escalated for one in fresh]
    assert replay(fresh, policy, LADDER).tasks["t"].rate.tolist() == list(map(float, served))


def test_an_aim_costs_less_with_it_where_words_tell() -> None:
    samples, fresh = texts(400, telling=0.9), texts(400, telling=0.9, seed=8)
    plain = Ladder(*(replace(rung, verify=(Schema(),)) for rung in LADDER))
    costs = [
        replay(fresh, calibrate(samples, ladder, target=MaxLoss(0.1, confidence=0.9)), ladder)
        .tasks["t"]
        .cost_usd.mean()
        for ladder in (plain, LADDER)
    ]
    assert costs[1] < 0.8 * costs[0]


def test_too_few_labels_are_said_and_it_abstains() -> None:
    samples = texts(25, telling=0.9)
    policy = calibrate(samples, LADDER, target=EscalationRate(0.3))
    assert not policy.learned
    (sentence,) = [one for one in policy.tasks["t"].measured["warnings"] if one.startswith("learned on rung small")]
    assert "25 labels" in sentence
    with Cascade(LADDER, policy=policy, client=RecordedClient(samples)) as app:
        assert app.run(samples[0].request).attempts[0].verdicts[1].flags == ("not_fitted",)


def test_a_verifier_that_was_not_fitted_for_a_task_is_not_said_to_have_fallen_silent() -> None:
    """Of two tasks one has too few labels; its verdicts abstain by design, more often in a row than a fault may."""
    few = [replace(one, request=replace(one.request, task="few")) for one in texts(25, telling=0.9, seed=2)]
    policy = calibrate([*texts(200, telling=0.9), *few], LADDER, target=EscalationRate(0.3))
    assert list(policy.learned) == ["t"]
    assert "learned" in policy.ladder.verifiers["small"]
    with Cascade(LADDER, policy=policy, client=RecordedClient(few)) as app:
        served = [app.run(one.request) for one in few]
        assert not [one for one in app.health() if one.state == "silent"]
    assert all(one.attempts[0].verdicts[1].flags == ("not_fitted",) for one in served)


@pytest.mark.parametrize("target", [MaxDisagreement(0.3), EscalationRate(0.3)], ids=["pairs", "labels"])
def test_on_pairs_nothing_is_learnt_and_a_warning_says_so(target) -> None:
    policy = calibrate(texts(300, telling=0.9), LADDER, target=target)
    said = [one for one in policy.tasks["t"].measured.get("warnings", ()) if "pairs" in one and "learned" in one]
    assert bool(said) is isinstance(target, MaxDisagreement)
    assert bool(policy.learned) is not bool(said)


def stored_without(sample: Sample) -> Sample:
    recordings = {name: replace(one, features={"length": 1.0}) for name, one in sample.recordings.items()}
    return replace(sample, textless=True, recordings=recordings)


def redacted(sample: Sample) -> Sample:
    request = Request.of("Write to [redacted]", id=sample.request.id, task="t")
    return replace(sample, request=request, extra={"decision": {"id": "d"}})


@pytest.mark.parametrize(("changed", "says"), [(stored_without, "has no texts"), (redacted, "parts cut out")])
def test_samples_without_their_own_texts_are_refused(changed: Callable[[Sample], Sample], says: str) -> None:
    samples = [*texts(60, telling=0.9), changed(texts(1, telling=0.9, seed=9)[0])]
    with pytest.raises(DataError, match=f"{says}.*store_text: full"):
        calibrate(samples, LADDER, target=EscalationRate(0.3))


def test_recorded_verdicts_of_older_weights_are_not_taken() -> None:
    """What a log recorded was given by another policy's weights."""
    old = {"learned": Verdict(name="learned", score=0.123)}
    samples = [
        replace(one, recordings={**one.recordings, "small": replace(one.recordings["small"], verdicts=old)})
        for one in texts(100, telling=0.9)
    ]
    table = lay_out("t", samples, LADDER)
    column = table.rows["small"][:, table.names["small"].index("learned")]
    assert 0.123 not in column.tolist()
    assert len(set(column.tolist())) > 50


@pytest.mark.parametrize("target", [MaxLoss(0.1, confidence=0.9), Best()], ids=["bound", "aim"])
def test_every_kind_of_target_on_labels_takes_it(target) -> None:
    assert calibrate(texts(300, telling=0.9), LADDER, target=target).learned["t"]["small"]


@pytest.mark.slow
def test_the_rate_holds_on_new_requests() -> None:
    """Scores of a scorer that was fitted on more would spread further than those that the threshold was found on."""
    rates = []
    for seed in range(30):
        policy = calibrate(texts(150, telling=0.5, seed=seed), LADDER, target=EscalationRate(0.25))
        fresh = texts(200, telling=0.5, seed=1000 + seed)
        rates.append(replay(fresh, policy, LADDER).tasks["t"].rate.mean())
    assert abs(np.mean(rates) - 0.25) < 3.0 * np.std(rates) / np.sqrt(len(rates)) + 0.005


def test_where_words_tell_nothing_beside_the_others_it_is_left_out_and_said() -> None:
    def sure(samples: list[Sample]) -> list[Sample]:
        """Add a verdict that knows nearly all, so that words cannot add to it."""
        rng, made = np.random.default_rng(7), []
        for one in samples:
            small = one.recordings["small"]
            score = float(np.clip(rng.normal(0.8 if small.correct else 0.3, 0.12), 0.0, 1.0))
            small = replace(small, verdicts={"sure": Verdict(name="sure", score=score)})
            made.append(replace(one, recordings={**one.recordings, "small": small}))
        return made

    ladder = Ladder(
        Rung("test/small", name="small", verify=(Recorded("sure"), Learned())),
        Rung("test/large", name="large", verify=()),
    )
    silent = [calibrate(sure(texts(200, telling=0.0, seed=s)), ladder, target=EscalationRate(0.3)) for s in range(2)]
    left_out = [policy for policy in silent if not policy.learned]
    assert len(left_out) == 2
    for policy in left_out:
        assert any("left out, since it adds nothing" in one for one in policy.tasks["t"].measured["warnings"])
        (point,) = policy.tasks["t"].points
        assert "learned" not in point.combiners["small"].features
        assert "learned" not in policy.ladder.verifiers["small"], "so that the policy serves without it, too"
    assert calibrate(texts(200, telling=0.9), ladder, target=EscalationRate(0.3)).learned
