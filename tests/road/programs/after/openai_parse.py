"""An answer as a value of one's own type, from several requests at once."""

import asyncio

import cascade
from openai import AsyncOpenAI
from pydantic import BaseModel

client = cascade.wrap(AsyncOpenAI(), task="weather")


class Order(BaseModel):
    item: str
    qty: int


async def order(text: str) -> Order | None:
    completion = await client.chat.completions.parse(
        model="gpt-4o", messages=[{"role": "user", "content": text}], response_format=Order
    )
    return completion.choices[0].message.parsed


async def main() -> list[Order | None]:
    return await asyncio.gather(*(order(f"two lamps, please ({n})") for n in range(4)))


if __name__ == "__main__":
    print(asyncio.run(main()))
