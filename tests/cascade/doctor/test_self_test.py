"""The self-test of `cascade doctor`: it holds today, and it would notice if it did not."""

from __future__ import annotations

import asyncio

from cascade.clients.litellm import LiteLLMClient
from cascade.doctor.self_test import self_test


def test_one_call_is_one_request_no_redirect_is_followed_and_the_price_is_ours():
    trials = asyncio.run(self_test())
    assert [trial.name for trial in trials if not trial.passed] == []
    assert len(trials) == 6


def test_it_notices_litellms_own_transport_which_follows_redirects():
    failed = [trial.name for trial in asyncio.run(self_test(LiteLLMClient(hardened=False))) if not trial.passed]
    assert "a redirect is not followed" in failed
