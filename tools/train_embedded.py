"""Train the three models of the embedded ladder, or measure a pilot; the weights go to `cascade/embedded/weights`.

Needs PyTorch, which nothing else in this project does: make a separate environment with `pip install torch numpy`.
Run from the root of the tree, see docs/embedded.md:

    python tools/train_embedded.py vocabulary
    python tools/train_embedded.py small medium large
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from cascade.embedded import vocabulary as voc  # noqa: E402  (the tree is put on the path first)
from cascade.embedded.language import HELD_OUT_SEEDS, TRAINING_SEEDS, orders  # noqa: E402

WEIGHTS = ROOT / "cascade" / "embedded" / "weights"
HEAD = 16
"""Width of an attention head."""
BASE = 1000.0
"""Base of the rotary positions."""
LEARNED_PIECES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One rung's size and training."""

    width: int
    """Width of the residual stream, a multiple of HEAD."""
    layers: int
    hidden: int
    """Width of the feed-forward layer."""
    steps: int
    batch: int = 128
    matrix_rate: float = 0.02
    """Peak learning rate of Muon, for the matrices."""
    rate: float = 0.004
    """Peak learning rate of AdamW, for embeddings and gains."""


RECIPES = {
    "small": Recipe(width=32, layers=2, hidden=96, steps=3000),
    "medium": Recipe(width=64, layers=3, hidden=192, steps=1250),
    "large": Recipe(width=96, layers=4, hidden=384, steps=2600),
}


class Block(nn.Module):
    """Attention and a feed-forward layer, each behind a root-mean-square norm."""

    def __init__(self, recipe: Recipe) -> None:
        """Draw the weights; what adds to the residual stream starts at zero."""
        super().__init__()
        self.norm_a = nn.Parameter(torch.ones(recipe.width))
        self.norm_f = nn.Parameter(torch.ones(recipe.width))
        self.qkv = nn.Parameter(torch.randn(recipe.width, 3 * recipe.width) * recipe.width**-0.5)
        self.out = nn.Parameter(torch.zeros(recipe.width, recipe.width))
        self.up = nn.Parameter(torch.randn(recipe.width, recipe.hidden) * recipe.width**-0.5)
        self.down = nn.Parameter(torch.zeros(recipe.hidden, recipe.width))

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Return the stream `(n, length, width)` after this block."""
        n, length, width = x.shape
        qkv = (functional.rms_norm(x, (width,), self.norm_a, 1e-6) @ self.qkv).view(n, length, 3, width // HEAD, HEAD)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, is_causal=True)
        x = x + mixed.transpose(1, 2).reshape(n, length, width) @ self.out
        return x + functional.relu(functional.rms_norm(x, (width,), self.norm_f, 1e-6) @ self.up).square() @ self.down


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn pairs (i, i + half) of `x` by their position (rotary position embedding, Su et al. 2021)."""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Model(nn.Module):
    """A decoder-only transformer with tied embeddings."""

    def __init__(self, recipe: Recipe, tokens: int) -> None:
        """Draw the weights for a vocabulary of so many tokens."""
        super().__init__()
        self.embed = nn.Parameter(torch.randn(tokens, recipe.width) * 0.5)
        self.norm = nn.Parameter(torch.ones(recipe.width))
        self.blocks = nn.ModuleList(Block(recipe) for _ in range(recipe.layers))
        self.scale = recipe.width**-0.5

    def forward(self, numbers: Tensor, wanted: Tensor) -> Tensor:
        """Return the logits at the places that `wanted` (a mask of the shape of `numbers`) marks."""
        angle = torch.arange(numbers.shape[1])[:, None] * BASE ** (-torch.arange(HEAD // 2) / (HEAD // 2))
        cos, sin = angle.cos(), angle.sin()
        x = self.embed[numbers]
        for block in self.blocks:
            x = block(x, cos, sin)
        x = functional.rms_norm(x[wanted], (x.shape[-1],), self.norm, 1e-6)
        return x @ self.embed.T * self.scale


def learn_pieces(n_sentences: int = 60_000) -> list[str]:
    """Return the vocabulary: frame, signs, letters, then the most frequent pieces.

    The pieces are those of byte-pair merging (Sennrich, Haddow and Birch 2016) on training sentences and answers.
    """
    counts: Counter[str] = Counter()
    for order in orders(n_sentences, TRAINING_SEEDS[-1]):
        counts.update(voc.PROMPT_UNITS.findall(order.sentence.lower()))
        counts.update(part for part in voc.ANSWER_UNITS.findall(order.gold) if part not in voc.FRAME)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = {word: [voc.WORD_START + word[0], *word[1:]] for word in counts if word.isalpha() and word.isascii()}
    learned: list[str] = []
    while len(learned) < LEARNED_PIECES:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, pieces in words.items():
            for pair in pairwise(pieces):
                pairs[pair] += counts[word]
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        learned.append("".join(best))
        for pieces in words.values():
            i = 0
            while i < len(pieces) - 1:
                if (pieces[i], pieces[i + 1]) == best:
                    pieces[i : i + 2] = ["".join(best)]
                i += 1
    single = [voc.WORD_START + letter for letter in letters] + list(letters)
    return [voc.UNKNOWN, voc.ANSWER, *voc.FRAME, *voc.DIGITS, *voc.MARKS, *single, *dict.fromkeys(learned)]


def encoded(n: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """Return prompts and answers as token numbers."""
    shipped = voc.shipped()
    return [(shipped.prompt(order.sentence), shipped.answer(order.gold)) for order in orders(n, seed)]


def stacked(rows: list[tuple[list[int], list[int]]]) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, targets and the mask of the answers' places, padded on the right."""
    length = max(len(prompt) + len(answer) for prompt, answer in rows) - 1
    inputs, targets = np.zeros((len(rows), length), np.int64), np.zeros((len(rows), length), np.int64)
    mask = np.zeros((len(rows), length), bool)
    for i, (prompt, answer) in enumerate(rows):
        both = prompt + answer
        inputs[i, : len(both) - 1] = both[:-1]
        targets[i, : len(both) - 1] = both[1:]
        mask[i, len(prompt) - 1 : len(both) - 1] = True
    return torch.from_numpy(inputs), torch.from_numpy(targets), torch.from_numpy(mask)


def batches(recipe: Recipe, seed: int, pool: int = 64) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Yield batches of fresh sentences without end; rows of like length share a batch."""
    shuffle = np.random.default_rng(seed)
    while True:
        rows = sorted(encoded(pool * recipe.batch, seed), key=lambda row: len(row[0]) + len(row[1]))
        for i in shuffle.permutation(pool):
            yield stacked(rows[i * recipe.batch : (i + 1) * recipe.batch])
        seed += 1


@torch.no_grad()
def exact_match(model: Model, rows: list[tuple[list[int], list[int]]]) -> float:
    """Return the share of answers that greedy decoding gets right: every token is the likeliest after the true ones."""
    right = 0
    for start in range(0, len(rows), 250):
        inputs, targets, mask = stacked(rows[start : start + 250])
        hit = torch.ones_like(mask)
        hit[mask] = model(inputs, mask).argmax(-1) == targets[mask]
        right += int(hit.all(1).sum())
    return right / len(rows)


def save(model: Model, path: Path) -> None:
    """Write the weights in half precision, complete or not at all."""
    arrays = {
        name.replace("blocks.", ""): value.detach().numpy().astype(np.float16)
        for name, value in model.named_parameters()
    }
    part = path.with_suffix(".part.npz")
    np.savez_compressed(part, allow_pickle=False, **arrays)
    part.replace(path)


def train(rung: str, recipe: Recipe, *, seed: int, out: Path) -> None:
    """Train one rung and write its weights every 250 steps."""
    torch.manual_seed(seed)
    model = Model(recipe, len(voc.shipped().tokens))
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim == 1 or "embed" in name]
    muon = torch.optim.Muon(matrices, lr=recipe.matrix_rate, weight_decay=0.0, momentum=0.95)
    adam = torch.optim.AdamW(others, lr=recipe.rate, betas=(0.9, 0.98), weight_decay=0.0)
    held_out, started, losses = encoded(1000, HELD_OUT_SEEDS[-1]), time.monotonic(), []
    size = sum(p.numel() for p in model.parameters())
    for step, (inputs, targets, mask) in enumerate(batches(recipe, TRAINING_SEEDS[seed * 10_000]), start=1):
        share = step / recipe.steps
        factor = min(1.0, step / 100, (1 - share) / 0.6 + 0.01)
        for group, peak in ((muon.param_groups[0], recipe.matrix_rate), (adam.param_groups[0], recipe.rate)):
            group["lr"] = peak * factor
        loss = functional.cross_entropy(model(inputs, mask), targets[mask])
        muon.zero_grad(), adam.zero_grad()
        loss.backward()
        muon.step(), adam.step()
        losses.append(loss.item())
        if step % 250 == 0 or step == recipe.steps:
            match, spent = exact_match(model, held_out), time.monotonic() - started
            row = {"rung": rung, "step": step, "parameters": size, "loss": round(float(np.mean(losses)), 4)}
            print(json.dumps({**row, "exact_match": match, "seconds": round(spent)}), flush=True)
            save(model, out / f"{rung}.npz")
            losses.clear()
        if step == recipe.steps:
            return


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="+", choices=("vocabulary", *RECIPES))
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    for name in ("steps", "batch", "width", "layers", "hidden"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("rate", "matrix-rate"):
        parser.add_argument(f"--{name}", type=float)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    for what in options.what:
        if what == "vocabulary":
            text = json.dumps({"tokens": learn_pieces()}, ensure_ascii=False, indent=0)
            (WEIGHTS / "vocabulary.json").write_text(text + "\n", encoding="utf-8")
            continue
        names = ("steps", "batch", "width", "layers", "hidden", "rate", "matrix_rate")
        changed = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
        train(what, replace(RECIPES[what], **changed), seed=options.seed, out=options.out)


if __name__ == "__main__":
    main()
