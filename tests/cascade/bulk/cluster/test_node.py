"""Every node of a cluster has what a run needs, and the same of it; what differs is named before a call is paid."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import pytest

from cascade.bulk.cluster.node import Needed, contents_of
from cascade.config import load_config
from cascade.errors import ConfigError
from tests.opinions import policy

fs = pytest.importorskip("pyarrow.fs")
CONFIG = """
ladder:
  - {model: openai/small, name: small, price: {input_usd: 1.0e-7, output_usd: 1.0e-6}}
  - {model: openai/large, name: large, price: {input_usd: 2.0e-6, output_usd: 2.0e-5}}
verify: [refusal, hedging]
policy: policy.json
"""


@pytest.fixture
def needed(tmp_path):
    """Return what a run needs, as the node that started it has it."""
    path = tmp_path / "cascade.yaml"
    path.write_text(CONFIG)
    config = load_config(path)
    policy(config.ladder, (0.5, 1.0), feature="hedging").save(tmp_path / "policy.json")
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    seen = ((fs.LocalFileSystem(), str(tmp_path / "in.parquet")),)
    return Needed(config=str(path), contents=contents_of(config), files=seen)


def other_threshold(needed, folder):
    ladder = load_config(needed.config).ladder
    policy(ladder, (0.75, 1.0), feature="hedging").save(folder / "policy.json")


def other_guard(needed, folder):
    (folder / "cascade.yaml").write_text(CONFIG + "guards: {usd_per_day: 5}\n")


def both(needed, folder):
    other_threshold(needed, folder)
    other_guard(needed, folder)


def without(name):
    return lambda _, folder: (folder / name).unlink()


def test_a_node_that_has_all_of_it_returns_its_configuration(needed):
    assert [rung.name for rung in needed.checked().ladder.rungs] == ["small", "large"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (other_threshold, ["another policy", "decide otherwise"]),
        (other_guard, ["another configuration", "decide otherwise"]),
        (both, ["another configuration and another policy"]),
        (without("cascade.yaml"), ["cannot open the cascade", "cascade.yaml", "No such file"]),
        (without("policy.json"), ["cannot open the cascade", "policy.json", "No such file"]),
        (without("in.parquet"), ["does not see", "in.parquet", "expected"]),
    ],
    ids=["policy", "configuration", "both", "no configuration", "no policy", "no input"],
)
def test_a_node_that_lacks_a_part_or_has_another_is_named_with_the_part(needed, tmp_path, change, names):
    change(needed, tmp_path)
    with pytest.raises(ConfigError) as refused:
        needed.checked()
    assert str(refused.value).startswith("Node ")
    assert all(name in str(refused.value) for name in names)


def test_a_node_with_another_version_of_the_package_is_refused(needed):
    assert needed.contents["package"] == version("calibrated-cascade")
    with pytest.raises(ConfigError, match="another package"):
        replace(needed, contents={**needed.contents, "package": "0.0.1"}).checked()
