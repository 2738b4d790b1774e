"""What a response's reason for stopping says of it: cut off or paused is no whole answer, in whichever words."""

from __future__ import annotations

import pytest

from cascade.clients.scripted import scripted
from cascade.finish_reason import cut_off, incomplete_reason


@pytest.mark.parametrize("word", ["length", "MAX_TOKENS", "pause_turn", "insufficient_system_resource", "model_length"])
@pytest.mark.parametrize("mapped", ["stop", None])
def test_an_answer_that_was_not_finished_is_no_answer_in_the_providers_own_word_too(word, mapped):
    assert cut_off(scripted("half of", finish_reason=word))
    own = scripted("half of", finish_reason=mapped, finish_raw=word)
    assert cut_off(own)
    assert word in (incomplete_reason(own) or "")


@pytest.mark.parametrize("word", ["stop", "end_turn", "tool_use", "STOP", None, "length_ok"])
def test_other_reasons_are_not_taken_for_it(word):
    assert not cut_off(scripted("whole", finish_raw=word))
