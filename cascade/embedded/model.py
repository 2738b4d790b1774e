"""Inference of an embedded model in numpy: a decoder-only transformer from a sentence to its answer.

The training twin is `tools/train_embedded.py`; both compute, per block with RMS norms n and rotary positions r,

    x ← x + softmax(r(n(x)Wq) r(n(x)Wk)ᵀ / √h) n(x)Wv Wo,    x ← x + relu(n(x)Wu)² Wd,    logits = n(x) Eᵀ / √width
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from cascade.embedded.blas import ONE_THREAD
from cascade.embedded.vocabulary import ANSWER, END, Vocabulary, shipped

HEAD: Final = 16
BASE: Final = 1000.0
EPSILON: Final = 1e-6
WINDOW: Final = 256
"""Context window in tokens, prompt and answer together; training sentences took about half of it at most."""
NAMES: Final = ("small", "medium", "large")
"""The models, smallest first."""
LONGEST_ANSWER: Final = 64
"""Default of max_tokens; right answers need about half."""

Array = NDArray[np.float32]


class PromptTooLong(ValueError):
    """The prompt fills the context window and leaves no room for an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One emitted token."""

    text: str
    """Its text in the answer."""
    logprob: float
    """Natural logarithm of its probability at temperature 1, independent of the sampling temperature."""
    top: tuple[tuple[str, float], ...]
    """The most likely tokens here and their log-probabilities, most likely first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Completed answer of a model."""

    text: str
    """All tokens' texts, joined."""
    tokens: tuple[Token, ...]
    """The emitted tokens, the closing brace included."""
    prompt_tokens: int
    """Tokens of the prompt, including the separator before the answer."""
    finish_reason: str
    """`stop` after the closing brace, `length` if the limit came first."""


@dataclass(frozen=True, slots=True)
class _Block:
    norm_a: Array
    qkv: Array
    out: Array
    norm_f: Array
    up: Array
    down: Array


class Model:
    """Model weights with inference; stateless between calls and thread-safe."""

    def __init__(self, weights: dict[str, Array], vocabulary: Vocabulary) -> None:
        """Take the arrays as the training script names them, in single precision."""
        self.vocabulary: Final = vocabulary
        self._embed, self._norm = weights["embed"], weights["norm"]
        self.width: Final = self._embed.shape[1]
        count = sum(name.endswith(".qkv") for name in weights)
        parts = ("norm_a", "qkv", "out", "norm_f", "up", "down")
        self._blocks: Final = tuple(_Block(*(weights[f"{i}.{part}"] for part in parts)) for i in range(count))
        angle = np.arange(WINDOW)[:, None] * BASE ** (-np.arange(HEAD // 2) / (HEAD // 2))
        self._cos: Final = np.cos(angle).astype(np.float32)[:, None]
        self._sin: Final = np.sin(angle).astype(np.float32)[:, None]

    def answer(
        self,
        sentence: str,
        *,
        max_tokens: int = LONGEST_ANSWER,
        temperature: float = 0.0,
        seed: int | None = None,
        top: int = 5,
    ) -> Answer:
        """Return the answer to a sentence; see `stream`."""
        with ONE_THREAD:
            tokens = tuple(self.stream(sentence, max_tokens=max_tokens, temperature=temperature, seed=seed, top=top))
        return Answer(
            text="".join(token.text for token in tokens),
            tokens=tokens,
            prompt_tokens=len(self.vocabulary.prompt(sentence)),
            finish_reason="stop" if tokens and tokens[-1].text == END else "length",
        )

    def stream(
        self,
        sentence: str,
        *,
        max_tokens: int = LONGEST_ANSWER,
        temperature: float = 0.0,
        seed: int | None = None,
        top: int = 5,
    ) -> Iterator[Token]:
        """Yield the answer token by token.

        Temperature 0 is greedy and deterministic; above 0 a token is sampled, reproducibly if there is
        a `seed`. Raises PromptTooLong.
        """
        prompt, room = self.vocabulary.prompt(sentence), self.room(sentence)
        rng = np.random.default_rng(seed) if temperature > 0 else None
        cache = [self._empty() for _ in self._blocks]
        logits, place = self._forward(np.array(prompt), cache, 0), len(prompt)
        previous = self.vocabulary.numbers[ANSWER]
        for _ in range(min(max_tokens, room)):
            logprobs = _log_softmax(logits.astype(np.float64))
            likely = np.argsort(-logprobs, kind="stable")[: max(top, 1)]
            number = int(likely[0])
            if rng is not None:
                number = int(rng.choice(len(logprobs), p=np.exp(_log_softmax(logprobs / temperature))))
            named = tuple((self.vocabulary.text(int(i), previous), float(logprobs[i])) for i in likely[:top])
            yield Token(text=self.vocabulary.text(number, previous), logprob=float(logprobs[number]), top=named)
            if self.vocabulary.tokens[number] == END:
                return
            logits, previous = self._forward(np.array([number]), cache, place), number
            place += 1

    def room(self, sentence: str) -> int:
        """Return how many tokens an answer to a sentence can have; raises PromptTooLong if none."""
        length = len(self.vocabulary.prompt(sentence))
        if length >= WINDOW:
            message = (
                f"the prompt has {length} tokens; at most {WINDOW} fit the window of an embedded model, shorten it"
            )
            raise PromptTooLong(message)
        return WINDOW - length

    def logits(self, numbers: list[int]) -> Array:
        """Return the logits of the token after `numbers`, computed from the start."""
        return self._forward(np.array(numbers), [self._empty() for _ in self._blocks], 0)

    def _empty(self) -> tuple[Array, Array]:
        shape = (WINDOW, self.width // HEAD, HEAD)
        return np.empty(shape, np.float32), np.empty(shape, np.float32)

    def _forward(self, numbers: NDArray[np.int_], cache: list[tuple[Array, Array]], start: int) -> Array:
        """Return the logits after the last of `numbers`, at positions from `start` on; fill the KV cache there."""
        with ONE_THREAD:
            return self._computed(numbers, cache, start)

    def _computed(self, numbers: NDArray[np.int_], cache: list[tuple[Array, Array]], start: int) -> Array:
        length, end = len(numbers), start + len(numbers)
        cos, sin = self._cos[start:end], self._sin[start:end]
        future = np.triu(np.full((length, end), -np.inf, np.float32), k=start + 1)
        x = self._embed[numbers]
        for block, (keys, values) in zip(self._blocks, cache, strict=True):
            qkv = (_rms(x, block.norm_a) @ block.qkv).reshape(length, 3, -1, HEAD)
            keys[start:end], values[start:end] = _rotate(qkv[:, 1], cos, sin), qkv[:, 2]
            query = _rotate(qkv[:, 0], cos, sin).transpose(1, 0, 2)
            scores = query @ keys[:end].transpose(1, 2, 0) * np.float32(HEAD**-0.5) + future
            scores = np.exp(scores - scores.max(-1, keepdims=True))
            mixed = (scores / scores.sum(-1, keepdims=True)) @ values[:end].transpose(1, 0, 2)
            x = x + mixed.transpose(1, 0, 2).reshape(length, -1) @ block.out
            x = x + np.square(np.maximum(_rms(x, block.norm_f) @ block.up, 0)) @ block.down
        logits: Array = _rms(x[-1], self._norm) @ self._embed.T * np.float32(self.width**-0.5)
        return logits


@cache
def load(name: str) -> Model:
    """Return a shipped model, loaded once per process; raises KeyError for a name not in NAMES."""
    if name not in NAMES:
        raise KeyError(name)
    with (
        as_file(files("cascade.embedded").joinpath("weights", f"{name}.npz")) as path,
        np.load(path, allow_pickle=False) as held,
    ):
        return Model({key: held[key].astype(np.float32) for key in held.files}, shipped())


def _rms(x: Array, gain: Array) -> Array:
    normed: Array = x / np.sqrt(np.square(x).mean(-1, keepdims=True) + np.float32(EPSILON)) * gain
    return normed


def _rotate(x: Array, cos: Array, sin: Array) -> Array:
    a, b = x[..., : HEAD // 2], x[..., HEAD // 2 :]
    return np.concatenate((a * cos - b * sin, b * cos + a * sin), -1)


def _log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    shifted = logits - logits.max()
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return result
