"""`cascade next-labels` and `cascade label`: from samples to labels, with nothing but files and keys."""

from __future__ import annotations

import json

import pytest

from cascade.samples.jsonl import read_samples, sample_line
from tests.recordings import recorded_samples


@pytest.fixture
def samples(folder):
    path = folder / "samples.jsonl"
    lines = [json.dumps(sample_line(sample)) for sample in recorded_samples(40, labelled=False)]
    path.write_text("\n".join(lines))
    return path


def test_from_a_draw_to_labels_to_agreement(cli, samples, folder):
    drawn = cli("next-labels", samples, "-n", 5, "--rungs", "small,large", "-o", "next.jsonl", "--json")
    assert json.loads(drawn.stdout)["tasks"]["sums"]["n_chosen"] == 5
    for name, keys in (("anna", "1010101010"), ("ben", "1010101001")):
        labelled = cli("label", "next.jsonl", "-a", name, "--json", input=f"{keys}q")
        assert json.loads(labelled.stdout)["n_labelled"] == 5
    compared = json.loads(cli("label", "next.jsonl", "--kappa", "--json").stdout)["kappa"][0]
    assert (compared["annotators"], compared["n"]) == (["anna", "ben"], 10)
    done = [s for s in read_samples("next.jsonl") if s.recordings["small"].correct is not None]
    assert len(done) == 5
    assert all(0 < sample.propensity < 1 for sample in done)
    assert not list(folder.glob("*.part"))


def test_a_sitting_goes_on_where_it_ended(cli, samples):
    cli("label", samples, "-a", "anna", input="11q")
    again = cli("label", samples, "-a", "anna", input="q")
    assert "39 samples for anna" in again.stderr


def test_keys_that_a_killed_sitting_left_are_not_lost(cli, samples, folder):
    from cascade.bulk.journal import Journal
    from cascade.labelling import Session, lay_items

    with Journal(folder / "samples.jsonl.anna", kind="label") as journal:
        session = Session(lay_items(read_samples(samples), "anna"), journal)
        session.press("1")
        session.press("1")
    found = cli("label", samples, "-a", "anna", "--json", input="q")
    assert json.loads(found.stdout)["n_labelled"] == 1


def test_compressed_samples_need_an_output(cli, samples):
    found = cli("label", "samples.jsonl.gz")
    assert found.exit_code == 2
    assert "--output" in found.stderr


def test_a_name_that_cannot_be_a_file_is_refused(cli, samples):
    assert cli("label", samples, "-a", "../anna").exit_code == 2


def test_two_bounds_are_refused(cli, samples):
    options = ("--max-error", 0.1, "--max-loss", 0.1, "--rungs", "small,large", "-o", "next.jsonl")
    assert cli("next-labels", samples, "-n", 5, *options).exit_code == 2


def test_control_characters_of_a_model_do_not_reach_the_terminal(cli, samples):
    text = samples.read_text().replace('"content": "0-0"', '"content": "\\u001b[2Jgone"')
    samples.write_text(text)
    found = cli("label", samples, "-a", "anna", "--all", input="11" * 40 + "q")
    assert "\x1b[2J" not in found.stderr
