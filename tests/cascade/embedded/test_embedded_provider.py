"""The embedded models behind litellm: they answer, stream and fail like any provider."""

import asyncio
from typing import Any

import litellm
import pytest

from cascade.embedded.model import load
from cascade.embedded.provider import register

SENTENCE = "could you send 3, no, make that 5 red chairs to Lyon by 4 May"
MESSAGES = [{"role": "system", "content": "You read orders."}, {"role": "user", "content": SENTENCE}]


@pytest.fixture(autouse=True, scope="module")
def _registered() -> None:
    register()


def call(model: str = "embedded/large", messages: Any = MESSAGES, **options: Any) -> Any:
    return litellm.completion(model=model, messages=messages, max_retries=0, num_retries=0, **options)


def acall(**options: Any) -> Any:
    request = {"model": "embedded/large", "messages": MESSAGES, "max_retries": 0, "num_retries": 0, **options}
    return asyncio.run(litellm.acompletion(**request))


def test_registering_twice_leaves_one_provider() -> None:
    register()
    assert [entry["provider"] for entry in litellm.custom_provider_map].count("embedded") == 1


def test_an_answer_has_content_log_probabilities_and_usage() -> None:
    response, direct = acall(logprobs=True, top_logprobs=2), load("large").answer(SENTENCE)
    choice = response.choices[0]
    assert (choice.message.content, choice.finish_reason) == (direct.text, "stop")
    assert [entry.logprob for entry in choice.logprobs.content] == [token.logprob for token in direct.tokens]
    assert [len(entry.top_logprobs) for entry in choice.logprobs.content] == [2] * len(direct.tokens)
    assert "".join(entry.token for entry in choice.logprobs.content) == direct.text
    usage = response.usage
    assert (usage.prompt_tokens, usage.completion_tokens) == (direct.prompt_tokens, len(direct.tokens))


def test_sync_and_async_agree_and_log_probabilities_come_only_when_asked_for() -> None:
    response = call()
    assert response.choices[0].message.content == acall().choices[0].message.content
    assert getattr(response.choices[0], "logprobs", None) is None


def test_a_limit_of_tokens_cuts_the_answer() -> None:
    for name in ("max_tokens", "max_completion_tokens"):
        response = call(**{name: 3})
        assert (response.choices[0].finish_reason, response.usage.completion_tokens) == ("length", 3)


def test_several_answers_are_drawn_with_seeds_that_follow_each_other() -> None:
    response = call(model="embedded/small", n=3, temperature=1.2, seed=4)
    direct = [load("small").answer(SENTENCE, temperature=1.2, seed=seed) for seed in (4, 5, 6)]
    assert [choice.message.content for choice in response.choices] == [answer.text for answer in direct]
    assert response.usage.completion_tokens == sum(len(answer.tokens) for answer in direct)


def test_a_stream_spells_the_answer_with_its_log_probabilities() -> None:
    async def collect() -> list[Any]:
        stream = await litellm.acompletion(
            model="embedded/large", messages=MESSAGES, stream=True, logprobs=True, max_retries=0
        )
        return [chunk async for chunk in stream]

    direct = load("large").answer(SENTENCE)
    for chunks in (asyncio.run(collect()), list(call(stream=True, logprobs=True))):
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == direct.text
        assert chunks[-1].choices[0].finish_reason == "stop"
        held = [chunk.choices[0].logprobs.content[0].logprob for chunk in chunks if chunk.choices[0].logprobs]
        assert held == [token.logprob for token in direct.tokens]


def test_text_parts_are_read_and_only_the_last_user_message_counts() -> None:
    parts = [{"type": "text", "text": "3 red chairs"}, {"type": "text", "text": "to Lyon"}]
    earlier = [{"role": "user", "content": "9 lamps"}, {"role": "assistant", "content": "{}"}]
    response = call(messages=[*earlier, {"role": "user", "content": parts}])
    assert response.choices[0].message.content == load("large").answer("3 red chairs to Lyon").text


IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]}]


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        ({"model": "embedded/huge"}, 404, "embedded/small, embedded/medium, embedded/large"),
        ({"messages": [{"role": "user", "content": " "}]}, 400, "a sentence was expected"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "a sentence was expected"),
        ({"messages": IMAGE}, 400, "reads only text"),
        ({"messages": [{"role": "user", "content": "chairs " * 300}]}, 400, "shorten it"),
        ({"temperature": -1}, 400, "temperature is -1"),
        ({"n": 1000}, 400, "n is 1000"),
        ({"seed": "x"}, 400, "seed is 'x'"),
    ],
)
def test_what_cannot_be_served_is_an_error_with_a_status_and_what_to_do(
    options: dict[str, Any], status: int, words: str
) -> None:
    for door in (call, acall):
        with pytest.raises((litellm.NotFoundError, litellm.BadRequestError), match=words) as caught:
            door(**options)
        assert caught.value.status_code == status
