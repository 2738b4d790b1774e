"""One question by LiteLLM, and what it cost."""

import os

os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")

from litellm import completion


def main() -> str | None:
    response = completion(
        model="openai/gpt-4o",
        messages=[{"role": "user", "content": "Capital of Norway?"}],
    )
    assert response._hidden_params["response_cost"] > 0
    return response.choices[0].message.content


if __name__ == "__main__":
    print(main())
