"""Batch join: a provider batch's answers with their requests, by custom_id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cascade.errors import DataError
from cascade.importing.bodies.answered import Answered
from cascade.importing.bodies.asked import Unusable, asked_of
from cascade.importing.imported import Imported
from cascade.importing.reader import Found
from cascade.importing.records import first_record, records
from cascade.importing.stores.body_store import Ambiguous, BodyStore
from cascade.importing.tally import Tally

Read = Callable[[Mapping[str, Any]], Answered | str]
"""Reads an output line: its answer, or why there is none."""


def join(
    sources: Sequence[Path | str], tally: Tally, *, request_key: str, read: Read, provider: str, hint: str
) -> Iterator[Found]:
    """Yield the answers of batches whose input and output files are given, in the order of the outputs.

    Args:
        sources: input and output files, in any order.
        tally: where rows are counted.
        request_key: the field of an input line that holds the request's body.
        read: reads an output line.
        provider: the provider's name, for messages.
        hint: where the input file is found, for messages.

    Raises:
        DataError: there are inputs only, or outputs only.
    """
    paths = [Path(source) for source in sources]
    inputs = [path for path in paths if isinstance((first_record(path) or {}).get(request_key), Mapping)]
    outputs = [path for path in paths if path not in inputs]
    with BodyStore() as store:
        for path in inputs:
            for number, line in records(path, tally):
                tally.rows += 1
                body = line.get(request_key)
                if isinstance(line.get("custom_id"), str) and isinstance(body, Mapping):
                    tally.beside["requests of the batch"] += 1
                    store.add(line["custom_id"], body)
                else:
                    tally.skip(f"its custom_id or its {request_key} is missing", path, number)
        if not inputs:
            message = (
                f"{', '.join(map(str, paths))}: {provider}'s results hold no prompts, and no file of requests was "
                f"given; give it too ({hint})."
            )
            raise DataError(message)
        if not outputs:
            message = (
                f"{', '.join(map(str, paths))}: these are requests of a batch without results; give the output too."
            )
            raise DataError(message)
        for path in outputs:
            for number, line in records(path, tally):
                answer = _answer(line, store, read)
                if isinstance(answer, Imported):
                    yield answer, path, number
                else:
                    tally.rows += 1
                    tally.skip(answer, path, number)
        for _ in range(store.unanswered()):
            tally.note("a request of the batch has no result in the files", outputs[0], 1)


def _answer(line: Mapping[str, Any], store: BodyStore, read: Read) -> Imported | str:
    """Return an output line's answer, or why there is none."""
    custom_id = line.get("custom_id")
    if not isinstance(custom_id, str):
        return "its custom_id is missing"
    answered = read(line)
    try:
        body = store.find(custom_id, "" if isinstance(answered, str) else answered.model)
    except Ambiguous:
        return "its custom_id stands in several input files with different requests; import those batches one by one"
    if isinstance(answered, str):
        return answered
    if body is None:
        return "no input line has its custom_id"
    try:
        asked = asked_of(body)
    except Unusable as reason:
        return str(reason)
    return Imported(
        messages=asked.messages,
        params=asked.params,
        tags=asked.tags,
        model=asked.model or answered.model,
        other_names=(answered.model,),
        content=answered.content,
        tool_calls=answered.tool_calls,
        finish_reason=answered.finish_reason,
        logprobs=answered.logprobs,
        samples=answered.samples,
        usage=answered.usage,
        at=answered.at,
        source_id=custom_id,
    )
