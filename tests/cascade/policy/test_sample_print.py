"""Fingerprints of a policy's samples: they tell the gate its own rows, and without the key nothing."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ConfigError
from cascade.policy.policy import Policy
from cascade.policy.sample_key import keep_key, key_path, new_key, read_key
from cascade.policy.sample_print import MOST_BYTES, SamplePrint
from tests.recordings import recorded_samples

KEY, OTHER = b"k" * 32, b"o" * 32
CONTENTS = st.lists(st.integers(0, 2**64 - 1), max_size=60, unique=True)


@given(CONTENTS)
def test_every_content_of_the_samples_is_found(contents: list[int]) -> None:
    found = SamplePrint.of(contents, KEY)
    assert found.find(contents, KEY) == (len(contents), len(contents))


def test_other_contents_are_not_found_and_another_key_finds_nothing() -> None:
    made = SamplePrint.of(range(2000), KEY)
    hits, told = made.find(range(10_000, 20_000), KEY)
    assert (hits, told) == (0, 10_000)
    with pytest.raises(ConfigError, match="The key of the samples"):
        made.find(range(10), OTHER)
    assert SamplePrint.of(range(2000), OTHER).bits != made.bits


def test_a_filter_of_many_samples_holds_a_share_of_them_in_64_kilobytes() -> None:
    made = SamplePrint.of(range(60_000), KEY)
    assert len(made.bits) <= MOST_BYTES * 4 / 3 + 4
    hits, told = made.find(range(60_000), KEY)
    assert hits == told == pytest.approx(made.share * 60_000, rel=0.03)


def test_a_key_stands_beside_the_policy_readable_by_its_owner_only(tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("CASCADE_SAMPLES_KEY", raising=False)
    policy, key = tmp_path / "policy.json", new_key()
    assert read_key(policy) is None
    keep_key(policy, key)
    assert read_key(policy) == key
    assert key_path(policy).stat().st_mode & 0o077 == 0
    keep_key(policy, new_key())
    assert read_key(policy) == key, "a key that is there is kept"
    key_path(policy).write_text("no key")
    with pytest.raises(ConfigError, match="64 hexadecimal digits"):
        read_key(policy)
    monkeypatch.setenv("CASCADE_SAMPLES_KEY", "ab" * 32)
    assert read_key(policy) == b"\xab" * 32


def test_a_policy_without_fingerprints_keeps_its_sha256_and_one_with_them_round_trips(tmp_path) -> None:
    from calibration import EscalationRate, calibrate

    samples = recorded_samples(60)
    plain = calibrate(samples, ("small", "large"), target=EscalationRate(0.3))
    assert "fitted_on" not in json.dumps(plain.to_json())
    keyed = calibrate(samples, ("small", "large"), target=EscalationRate(0.3), sample_key=KEY)
    keyed.save(tmp_path / "policy.json")
    loaded = Policy.load(tmp_path / "policy.json")
    assert loaded == keyed
    assert KEY.hex() not in (tmp_path / "policy.json").read_text()
