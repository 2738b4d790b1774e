"""Slices of samples by a tag of the requests: what `--each tag.NAME` names."""

from __future__ import annotations

from cascade.errors import ConfigError
from cascade.samples.sample import Sample

NONE = "(none)"
"""The slice of requests without the tag."""

PREFIX = "tag."


def tag_of(each: str) -> str:
    """Return the tag that `tag.NAME` names.

    Raises:
        ConfigError: it names none.
    """
    if not each.startswith(PREFIX) or not each.removeprefix(PREFIX):
        message = f"--each is {each!r}; a tag of the requests was expected, such as tag.language."
        raise ConfigError(message)
    return each.removeprefix(PREFIX)


def slice_of(sample: Sample, tag: str) -> str:
    """Return the slice of a sample: the value of the tag."""
    return sample.request.tags.get(tag, NONE)
