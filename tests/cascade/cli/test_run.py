"""`cascade run`: one request, and files of them."""

from __future__ import annotations

import json

from tests.cascade.cli.conftest import read_lines, write_lines

PER_CALL = "call_usd: 0.01, input_usd: 0, output_usd: 0"


def test_the_answer_is_on_stdout_and_the_rest_on_stderr(cli, configured, server):
    done = cli("run", "What is 2 + 2?", "--param", "temperature=0.5", "--param", "stop=END")
    assert done.exit_code == 0
    assert done.stdout == "fine\n"
    assert "accepted by small" in done.stderr
    assert "not calibrated" in done.stderr
    assert (server.hits[0].body["temperature"], server.hits[0].body["stop"]) == (0.5, "END")


def test_json_is_the_whole_result(cli, configured):
    result = json.loads(cli("run", "What?", "--json", "--tag", "team=a", "--task", "t").stdout)
    assert (result["answer"], result["outcome"], result["tags"], result["task"]) == (
        "fine",
        "accepted",
        {"team": "a"},
        "t",
    )
    assert result["attempts"][0]["rung"] == "small"


def test_a_dash_reads_the_prompt_from_stdin(cli, configured, server):
    assert cli("run", "-", input="from a pipe").exit_code == 0
    assert server.hits[0].body["messages"] == [{"role": "user", "content": "from a pipe"}]


def test_a_failed_request_is_exit_code_3(cli, configured, server):
    server.script(*["server-error"] * 6)
    done = cli("run", "What?")
    assert done.exit_code == 3
    assert "Traceback" not in done.stderr


def test_a_wrong_key_is_one_sentence_and_exit_code_3(cli, configured, server):
    server.script("unauthorized")
    done = cli("run", "What?")
    assert done.exit_code == 3
    assert done.stderr.splitlines()[-1].startswith("Error: small: auth")
    assert len(server.hits) == 1


def test_a_file_is_run_in_order_and_resumed_for_nothing(cli, configured, server):
    write_lines(configured / "in.jsonl", [{"id": f"r{i}", "prompt": f"q{i}"} for i in range(6)])
    done = cli("run", "--input", "in.jsonl", "--output", "out.jsonl", "--json", "--tag", "team=a")
    assert json.loads(done.stdout)["outcomes"] == {"accepted": 6}
    assert [line["id"] for line in read_lines(configured / "out.jsonl")] == [f"r{i}" for i in range(6)]
    assert read_lines(configured / "out.jsonl")[0]["tags"] == {"team": "a"}
    assert len(server.hits) == 6
    assert "6/6" in done.stderr
    again = cli("run", "--input", "in.jsonl", "--output", "out.jsonl")
    assert (again.exit_code, len(server.hits)) == (2, 6)


def test_requests_that_fail_are_exit_code_3_and_tried_again(cli, configured, server):
    write_lines(configured / "in.jsonl", [{"id": "r0", "prompt": "q"}, {"id": "r1", "prompt": "p"}])
    server.script(*["server-error"] * 6)
    done = cli("run", "--input", "in.jsonl", "--output", "out.jsonl", "--concurrency", "1")
    assert done.exit_code == 3
    assert "run the same command again" in done.stderr
    assert "failed on 1 of 1 requests: server" in done.stderr
    assert cli("run", "--input", "in.jsonl", "--output", "out.jsonl").exit_code == 0
    assert [line["outcome"] for line in read_lines(configured / "out.jsonl")] == ["accepted", "accepted"]


def test_what_cannot_be_run_is_exit_code_2_in_one_sentence(cli, configured, server):
    (configured / "bad.json").write_text("{nope")
    for args in (
        ["run"],
        ["run", "  "],
        ["run", "x", "--input", "y"],
        ["run", "--input", "y"],
        ["run", "x", "--tag", "novalue"],
        ["run", "x", "--schema", "bad.json"],
        ["run", "x", "--schema", "absent.json"],
        ["run", "x", "--deadline", "-1"],
        ["run", "x", "--config", "absent.yaml"],
        ["run", "x", "--task", "../etc"],
        ["run", "--input", "absent.jsonl", "--output", "o.jsonl"],
    ):
        done = cli(*args)
        assert done.exit_code == 2, args
        assert len([line for line in done.stderr.splitlines() if line]) == 1, (args, done.stderr)
    assert server.hits == []
    assert sorted(path.name for path in configured.iterdir() if path.name.startswith("o.")) == []


def test_control_characters_of_an_answer_do_not_reach_a_summary(cli, configured, server):
    done = cli("run", "What?", "--task", "a")
    assert "\x1b" not in done.stderr


def test_a_file_costs_no_more_than_it_may_and_goes_on_with_more_money(cli, configured, server):
    text = (configured / "cascade.yaml").read_text()
    (configured / "cascade.yaml").write_text(text.replace("input_usd: 1e-6, output_usd: 1e-6", PER_CALL))
    write_lines(configured / "in.jsonl", [{"id": str(i), "prompt": f"question {i}"} for i in range(10)])
    args = ("run", "--input", "in.jsonl", "--output", "out.jsonl")
    poor = cli(*args, "--max-run-cost", "0.045", "--json")
    assert (poor.exit_code, json.loads(poor.stdout)["outcomes"]) == (3, {"accepted": 4, "budget": 6})
    assert len(server.hits) == 4
    assert json.loads(cli(*args, "--json").stdout)["outcomes"] == {"accepted": 10}
    assert len(server.hits) == 10


def test_what_a_run_may_cost_needs_a_run(cli, configured):
    assert cli("run", "hello", "--max-run-cost", "1").exit_code == 2


def test_a_csv_file_is_run_by_shards_into_files_of_their_own(cli, configured, server):
    rows = "".join(f"r{i},q{i}\n" for i in range(12))
    (configured / "in.csv").write_text(f"key,question\n{rows}")
    told = [
        json.loads(
            cli(
                "run", "--input", "in.csv", "--map", "id=key,prompt=question", "--output", "out.csv",
                "--shard", f"{part}/2", "--json",
            ).stdout
        )
        for part in (1, 2)
    ]  # fmt: skip
    assert [one["output"] for one in told] == ["out-1-of-2.csv", "out-2-of-2.csv"]
    assert sum(one["n"] for one in told) == len(server.hits) == 12
    assert (configured / "out-1-of-2.csv").read_text().startswith("id,task,outcome,answer")


def test_map_and_shard_need_an_input(cli, configured):
    for option, value in (("--map", "id=a,prompt=b"), ("--shard", "1/2")):
        done = cli("run", "What?", option, value)
        assert (done.exit_code, option in done.stderr) == (2, True)
