"""What is read of each provider's answers and errors: the recorded shapes, put to both clients over loopback.

python -m benchmarks.providers > benchmarks/RESULTS/providers.md
"""

from __future__ import annotations

from cascade.exchange import Response
from cascade.failure import CallFailure
from tests.cascade.clients.provider_shapes import SHAPES, Asked, ask_all, recorded

HEAD = """# Providers × shapes

`python -m benchmarks.providers`: the recorded shapes (`tests/fixtures/providers/shapes/`, each with its source), served
on loopback, asked through the direct client (d) and litellm (l), and what each was read as. The values are held by
`tests/cascade/clients/test_provider_shapes.py`. "–": the provider has no such shape, or none was recorded.
"""


def main() -> None:
    """Print the table."""
    providers = recorded()
    replies = ask_all(providers)
    print(HEAD)
    print(f"| provider | {' | '.join(SHAPES)} |")
    print(f"|---|{'---|' * len(SHAPES)}")
    for provider, one in providers.items():
        cells = []
        for shape in SHAPES:
            read = {
                client[0]: _read(replies[asked])
                for client in one["clients"]
                if (asked := Asked(provider, shape, client)) in replies
            }
            alike = len(set(read.values())) == 1
            told = f"{next(iter(read.values()))} ({', '.join(read)})" if alike else str(read)
            cells.append(told if read else "–")
        print(f"| {provider} | {' | '.join(cells)} |")
    print(f"\n{len(providers)} providers, {len(replies)} readings.")


def _read(reply: Response | CallFailure) -> str:
    if isinstance(reply, CallFailure):
        return reply.kind.value
    if reply.tool_calls:
        return "calls"
    if reply.refusal or reply.finish_raw == "refusal":
        return "refusal"
    if reply.finish_reason == "content_filter":
        return "content_filter"
    what = [name for name, holds in (("logprobs", reply.logprobs), ("thinking", _thought(reply))) if holds]
    return f"text + {' + '.join(what)}" if what else "text"


def _thought(reply: Response) -> bool:
    shown = any(reply.message.get(name) for name in ("reasoning_content", "reasoning", "thinking_blocks"))
    return shown or reply.usage.reasoning_tokens > 0 or isinstance(reply.message.get("content"), list)


if __name__ == "__main__":
    main()
