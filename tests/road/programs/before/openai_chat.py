"""One question."""

from openai import OpenAI

client = OpenAI()


def main() -> str | None:
    completion = client.chat.completions.create(
        model="gpt-4o",
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Capital of Norway?"}],
        temperature=0,
    )
    return completion.choices[0].message.content


if __name__ == "__main__":
    print(main())
