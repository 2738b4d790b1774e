"""`cascade run --engine ray`: what it refuses before a cluster is asked for."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--engine", "spark"], "local or ray was expected"),
        (["--actors", "2"], "without --engine ray"),
        (["--engine", "ray", "--max-run-cost", "3"], "--max-run-cost was given with --engine ray"),
        (["--engine", "ray", "--shard", "1/2"], "--shard was given with --engine ray"),
        (["--engine", "ray", "--tag", "a=b"], "--tag was given with --engine ray"),
        (["--engine", "ray", "--order", "as-finished"], "--order was given with --engine ray"),
    ],
)
def test_options_that_do_not_go_together_are_refused_with_their_names(cli, configured, options, said):
    done = cli("run", "--input", "in.parquet", "--output", "out", *options)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


def test_a_single_prompt_needs_no_cluster(cli, configured):
    done = cli("run", "hello", "--engine", "ray")
    assert (done.exit_code, "without --input" in done.stderr) == (2, True)


@pytest.mark.skipif(importlib.util.find_spec("ray") is not None, reason="Ray is installed")
def test_without_ray_it_says_what_installs_it(cli, configured):
    done = cli("run", "--engine", "ray", "--input", "in.parquet", "--output", "out")
    assert (done.exit_code, "pip install 'calibrated-cascade[ray]'" in done.stderr) == (2, True)
