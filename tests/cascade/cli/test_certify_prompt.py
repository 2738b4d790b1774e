"""`cascade certify … --prompt FILE`: recorded requests certify a changed prompt over HTTP, before it goes out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cascade.policy.policy import Policy
from cascade.samples.jsonl import read_samples
from cascade.system_prompt import prompt_print, with_prompt
from tests.cascade.cli.conftest import read_lines, write_lines
from tests.prompted_server import BAD, CONFIG, GOOD, OTHER, answer, prompted

N = 200


@pytest.fixture
def asked(folder: Path) -> Iterator[list[tuple[str, str]]]:
    """Give the calls of a server, a configuration that asks it, and rows recorded under the prompt of before."""
    with prompted() as (url, calls):
        (folder / "cascade.yaml").write_text(CONFIG.format(url=url))
        rows = []
        for i in range(N):
            messages = [{"role": "system", "content": GOOD}, {"role": "user", "content": f"question {i}"}]
            recordings = [
                {"rung": rung, "model": f"openai/{rung}", "content": answer(rung, messages), "cost_usd": cost}
                for rung, cost in (("small", 0.001), ("large", 0.01))
            ]
            rows.append({"id": f"q-{i}", "task": "sums", "messages": messages, "gold": str(i),
                         "recordings": recordings})  # fmt: skip
        write_lines(folder / "rows.jsonl", rows)
        (folder / "new.txt").write_text(OTHER + "\n")
        yield calls


def print_of(text: str) -> str:
    return prompt_print(with_prompt((), text))


def test_a_changed_prompt_is_certified_without_a_label_and_the_policy_serves_it_alone(cli, folder, asked) -> None:
    done = cli("certify", "rows.jsonl", "--prompt", "new.txt", "--max-disagreement", 0.1, "--yes")
    assert done.exit_code == 0, done.stderr
    assert sorted(asked) == sorted([("small", OTHER), ("large", OTHER)] * N), "every rung once, with FILE's text"
    task = Policy.load("policy.json").tasks["sums"]
    assert (task.certified, task.prompts) == (True, (print_of(OTHER),))
    assert any(point.rungs[0] == "small" for point in task.points)
    rows = read_lines(folder / "rows.jsonl")
    assert rows[0]["messages"][0]["content"] == GOOD, "what was recorded stays as it is"
    again = cli("certify", "rows.jsonl", "--prompt", "new.txt", "--max-disagreement", 0.1, "--yes", "-o", "p.json")
    assert (again.exit_code, len(asked)) == (0, 2 * N), "nothing is asked or paid for twice"
    assert Policy.load("p.json").tasks["sums"].points == task.points


def test_a_dry_run_says_rows_calls_and_dollars_and_asks_nothing(cli, folder, asked) -> None:
    before = sorted(one.name for one in folder.iterdir())
    done = cli("certify", "rows.jsonl", "--prompt", "new.txt", "--max-disagreement", 0.1, "--dry-run")
    assert (done.exit_code, asked) == (0, [])
    assert f"Cost estimate for {N} requests" in done.stderr
    assert str(2 * N) in done.stderr
    assert "$" in done.stderr
    assert sorted(one.name for one in folder.iterdir()) == before


def test_a_prompt_that_makes_answers_differ_is_not_certified_and_ci_fails(cli, folder, asked) -> None:
    (folder / "new.txt").write_text(BAD)
    done = cli(
        "certify", "rows.jsonl", "--prompt", "new.txt", "--max-disagreement", 0.1, "--yes", "--require-certified"
    )
    assert done.exit_code == 1, done.stderr
    task = Policy.load("policy.json").tasks["sums"]
    assert [point.rungs for point in task.points] == [("large",)]


def test_a_loss_is_certified_on_the_new_answers_by_their_own_labels(cli, folder, asked) -> None:
    given = ("--prompt", "new.txt", "--max-loss", 0.1, "--labels", 60, "--audit", 30, "--yes", "--by", "queue.csv")
    done = cli("certify", "rows.jsonl", *given, "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["policy"] == "policy.json", "rows with a gold answer are labelled by it"
    assert len(asked) == 2 * N
    task = Policy.load("policy.json").tasks["sums"]
    assert (task.certified, task.prompts) == (True, (print_of(OTHER),))
    kept = f"rows.prompt-{print_of(OTHER)}.jsonl"
    assert all(one.request.messages[0]["content"] == OTHER for one in read_samples(folder / kept))


def test_a_further_prompt_on_the_same_requests_is_a_further_look_at_them(cli, folder, asked) -> None:
    for look, text in enumerate((BAD, OTHER, GOOD), start=1):
        (folder / "new.txt").write_text(text)
        done = cli("certify", "rows.jsonl", "--prompt", "new.txt", "--max-disagreement", 0.1, "--yes")
        assert done.exit_code == 0, done.stderr
        certificate = Policy.load("policy.json").tasks["sums"].certificate
        assert certificate is not None
        assert certificate["disagreement"]["look"] == look
    assert len(asked) == 6 * N


def test_a_run_that_its_budget_stopped_goes_on_where_it_ended(cli, folder, asked) -> None:
    given = ("certify", "rows.jsonl", "--prompt", "new.txt", "--max-disagreement", 0.1, "--yes")
    stopped = cli(*given, "--max-cost", 0.02)
    assert stopped.exit_code != 0
    before = len(asked)
    assert 0 < before < 2 * N
    done = cli(*given)
    assert done.exit_code == 0, done.stderr
    assert len(asked) == 2 * N, "what was answered before is not asked again"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--prompt", "absent.txt", "--max-disagreement", 0.1), "absent.txt"),
        (("--prompt", "empty.txt", "--max-disagreement", 0.1), "the text of the system prompt was expected"),
        (("--prompt", "new.txt", "--max-disagreement", 0.1, "--rungs", "small,large"), "give --config"),
        (("--dry-run", "--max-disagreement", 0.1), "give it with --prompt"),
        (("--prompt", "new.txt", "--max-loss", 0.1), "--labels N"),
        (("--prompt", "new.txt", "--max-disagreement", 0.1, "--labels", 40), "--labels N"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_sentence_before_any_call(cli, folder, asked, given, said) -> None:
    (folder / "empty.txt").write_text("\n")
    done = cli("certify", "rows.jsonl", *given, "--yes")
    assert (done.exit_code, asked) == (2, [])
    assert said in " ".join(done.stderr.split())


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "system", "content": [{"type": "text", "text": "You are"}, {"type": "text", "text": "brief."}]}],
        [{"role": "system", "content": "You are"}, {"role": "developer", "content": "brief.\n"}],
        [{"role": "developer", "content": "You\n  are brief."}, {"role": "user", "content": "Hello"}],
    ],
)
def test_one_prompt_has_one_fingerprint_however_it_comes(messages) -> None:
    assert prompt_print(messages) == print_of("You are brief.")
    assert prompt_print(messages) != print_of("You are brief!")


@pytest.mark.parametrize(
    ("messages", "made"),
    [
        ([{"role": "user", "content": "a"}], [("system", "new"), ("user", "a")]),
        ([{"role": "developer", "content": "old"}, {"role": "user", "content": "a"}],
         [("developer", "new"), ("user", "a")]),
        ([{"role": "system", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "a"}],
         [("system", "new"), ("user", "a")]),
        ([{"role": "user", "content": "a"}, {"role": "system", "content": "b"}, {"role": "user", "content": "c"}],
         [("system", "new"), ("user", "a"), ("system", "b"), ("user", "c")]),
    ],
)  # fmt: skip
def test_a_new_prompt_takes_the_place_of_what_a_chat_begins_with(messages, made) -> None:
    found = with_prompt(messages, "new")
    assert [(one["role"], one["content"]) for one in found] == made
    assert prompt_print(found) == print_of("new")
