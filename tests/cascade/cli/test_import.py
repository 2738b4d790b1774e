"""`cascade import`: whole or not at all, told in words and in JSON, and explored for the missing rungs only."""

from __future__ import annotations

import json

import pytest

from cascade import Cascade, Ladder, Rung
from cascade.bulk.exploration import explore_file
from cascade.clients.scripted import ScriptedClient, scripted
from cascade.samples.reader import read_files
from tests.foreign_files import batch_input, batch_output, spend_row, write_lines


@pytest.fixture
def files(folder):
    """Give a batch's input and output, with a failure and a repetition in it."""
    inputs = [*map(batch_input, range(4)), {**batch_input(0), "custom_id": "again"}]
    again = {**batch_output(0, text="The answer is 9."), "custom_id": "again"}
    failed = {"custom_id": "request-3", "response": {"status_code": 500}, "error": None}
    write_lines(folder / "in.jsonl", inputs)
    write_lines(folder / "out.jsonl", [*map(batch_output, range(3)), again, failed])
    return "in.jsonl", "out.jsonl"


def test_an_import_writes_samples_and_says_what_became_of_every_row(cli, folder, files) -> None:
    ended = cli("import", *files, "-o", "samples.jsonl", "--task", "cities", "--rung", "large=openai/gpt-4o")
    assert ended.exit_code == 0
    assert ended.stdout == "samples.jsonl\n"
    assert "3 samples in samples.jsonl, of 10 rows, from 2026-01-01T00:00:00Z" in ended.stderr
    assert "large (gpt-4o): 3 recordings" in ended.stderr
    assert "large answered 1 times a prompt again: 100.0 % differ" in ended.stderr
    assert (
        "Left out: 1 rows, since the provider answered with an error (500) (first: out.jsonl, line 5)" in ended.stderr
    )
    samples = read_files([folder / "samples.jsonl"])
    assert {sample.request.task for sample in samples} == {"cities"}


def test_as_json_every_count_is_there(cli, files) -> None:
    told = json.loads(cli("import", *files, "-o", "s.jsonl", "--rung", "large=openai/gpt-4o", "--json").stdout)
    assert (told["rows"], told["samples"], told["output"]) == (10, 3, "s.jsonl")
    assert told["rungs"]["large"]["repeats"] == {"n": 1, "different": 1, "unsure": 0, "share_different": 1.0}
    assert told["beside"] == {"requests of the batch": 5}
    assert told["left_out"][0]["n"] == 1


def test_a_dry_run_counts_the_same_and_writes_nothing(cli, folder, files) -> None:
    before = sorted(folder.iterdir())
    told = json.loads(cli("import", *files, "--dry-run", "--json").stdout)
    assert sorted(folder.iterdir()) == before
    written = json.loads(cli("import", *files, "-o", "s.jsonl", "--json").stdout)
    assert {**written, "output": None} == told


def test_an_output_that_exists_is_replaced_only_by_force(cli, folder, files) -> None:
    (folder / "s.jsonl").write_text("paid for\n")
    ended = cli("import", *files, "-o", "s.jsonl")
    assert ended.exit_code == 2
    assert "s.jsonl exists, and may hold recordings that were paid for" in ended.stderr
    assert (folder / "s.jsonl").read_text() == "paid for\n"
    assert cli("import", *files, "-o", "s.jsonl", "--force").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("in.jsonl", "out.jsonl"), "No --output FILE was given"),
        (("in.jsonl", "-o", "s.jsonl"), "without results"),
        (("missing.jsonl", "-o", "s.jsonl"), "does not exist"),
        (("in.jsonl", "-o", "s.jsonl", "--format", "excel"), "--format is 'excel'"),
        (("in.jsonl", "out.jsonl", "-o", "no/folder/s.jsonl"), "cannot be written"),
        (("in.jsonl", "out.jsonl", "-o", "s.jsonl", "--task", "a/b"), "cannot be used"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_no_file(cli, folder, files, arguments, said) -> None:
    before = sorted(folder.iterdir())
    ended = cli("import", *arguments)
    assert ended.exit_code == 2
    assert said in " ".join(ended.stderr.split())
    assert sorted(folder.iterdir()) == before


def test_a_spend_log_without_prompts_names_the_setting(cli, folder) -> None:
    write_lines(folder / "spend.jsonl", [spend_row(1, proxy_server_request="{}", response="{}")])
    ended = cli("import", "spend.jsonl", "-o", "s.jsonl")
    assert ended.exit_code == 2
    assert "store_prompts_in_spend_logs: true" in " ".join(ended.stderr.split())


def test_a_rung_that_no_answer_is_of_is_told_with_the_models_that_there_are(cli, files) -> None:
    ended = cli("import", *files, "--dry-run", "--rung", "large=openai/gpt-4.1")
    assert "No answer is of --rung large; the models in the files are gpt-4o." in " ".join(ended.stderr.split())
    assert "Models of no --rung are rungs by their own names: gpt-4o." in " ".join(ended.stderr.split())


def test_explore_pays_the_missing_rungs_only(cli, folder, files) -> None:
    cli("import", *files, "-o", "samples.jsonl", "--rung", "large=openai/gpt-4o")
    client = ScriptedClient({"small": scripted("The answer is 1.", cost_usd=0.001)})
    ladder = Ladder(Rung("openai/gpt-4o-mini", name="small"), Rung("openai/gpt-4o", name="large"))
    with Cascade(ladder, client=client) as app:
        done = explore_file(app, read_files([folder / "samples.jsonl"]), folder / "explored.jsonl")
    assert not done.failures
    assert {call.rung for call in client.calls} == {"small"}
    assert len(client.calls) == len(done.samples) == 3
    assert all({*sample.recordings} == {"small", "large"} for sample in done.samples)
    assert done.samples[0].recordings["large"].response.text == "The answer is 0."
