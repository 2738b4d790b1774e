"""An answer that is shown as it comes."""

from openai import OpenAI

client = OpenAI()


def main() -> str:
    stream = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "user", "content": "Capital of Norway?"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    said, tokens = "", 0
    for chunk in stream:
        if chunk.choices:
            said += chunk.choices[0].delta.content or ""
        if chunk.usage:
            tokens = chunk.usage.total_tokens
    assert tokens > 0
    return said


if __name__ == "__main__":
    print(main())
