"""What type checkers say of the public API: read by mypy and pyright (`make types`), never run.

A line that must be refused carries an ignore; both checkers report an ignore that is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

from pydantic import BaseModel

import cascade
from cascade import Cascade, Ladder, Request, Result, Rung, Sample


class Invoice(BaseModel):
    total: float


@dataclass
class Order:
    item: str


app = Cascade(Ladder(Rung("openai/small"), Rung("openai/large")))

assert_type(app.run("hi"), Result[Any])
assert_type(app.run("hi", schema=Invoice), Result[Invoice])
assert_type(app.run("hi", schema=Invoice).parsed, Invoice | None)
assert_type(app.run(messages=[{"role": "user", "content": "hi"}], schema=Order), Result[Order])
assert_type(app.run("hi", schema={"type": "object"}), Result[Any])
assert_type(cascade.run("hi", schema=Invoice), Result[Invoice])
assert_type(cascade.run(Request.of("hi")), Result[Any])
assert_type(app.run_many([Request.of("hi")], concurrency=4, max_cost_usd=1.0), list[Result[Any]])
assert_type(next(iter(app.stream_many([Request.of("hi")], order="as-finished"))), Result[Any])
assert_type(app.explore([Request.of("hi")]), list[Sample])


async def asynchronous() -> None:
    assert_type(await app.arun("hi", schema=Invoice), Result[Invoice])
    assert_type(await cascade.arun("hi"), Result[Any])
    assert_type(await app.arun_many([Request.of("hi")]), list[Result[Any]])


app.run("hi", task="orders", deadline_s=8, max_cost_usd=0.05, tags={"feature": "import"}, principal="acme")
app.run("hi", temperature=0.0, max_tokens=5, tools=[], params={"num_ctx": 8192})

app.run("hi", max_cost=0.05)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
app.run("hi", deadline="soon")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
app.run("hi", deadline_s="soon")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
app.run_many([], concurency=4)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
app.explore([], max_cost=4)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
