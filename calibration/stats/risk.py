"""p-values of "the risk is greater than allowed", each valid for one policy fixed before its labels were seen.

Learn then test (Angelopoulos, Bates, Candès, Jordan & Lei 2021, arXiv 2110.01052): a policy is certified if its p-value
is at most delta. Several policies are tested in an order fixed before, and the first failure ends the test.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from calibration.stats.noninferiority import MOST
from cascade.errors import ConfigError, DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray


BETS = (0.02, 0.06, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
"""Constant bets that `betting_wealth` is spread over, as shares of the greatest that cannot lose all."""

_TUNED = 0.05
"""The level at which the adaptive bets are about the best; valid at any (Waudby-Smith & Ramdas, section 3.2)."""

_CAP = 0.9
"""Greatest adaptive bet, as a share of the greatest that cannot lose all."""

BETTING_FROM = 6.0
"""Allowed losses, draws × bound, from which on betting has more power than counting harm (`bets`)."""


def required_draws(risk: float, delta: float) -> int:
    """Return the least sample size, without any error, that certifies `risk`: ⌈ln δ / ln(1 − risk)⌉.

    `delta` is the probability of a wrong certificate; both in (0, 1).
    """
    _require_open(risk=risk, delta=delta)
    # A hair less, so that delta = (1 − risk)^k gives k and not k + 1 by the last bit.
    return max(1, math.ceil(math.log(delta) / math.log1p(-risk) - 1e-9))


def binomial_p(errors: ArrayLike, n: ArrayLike, risk: float) -> NDArray[np.float64]:
    """Return the exact p-value of "the error probability exceeds `risk`": P(Bin(n, risk) ≤ errors).

    `errors` and `n` are whole numbers of one shape; 1 where n = 0. The errors of n independent draws.
    """
    from scipy.special import bdtr

    count, size = np.asarray(errors, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if np.any(count < 0) or np.any(count > size):
        raise DataError("found more errors than draws, or fewer than none; expected 0 ≤ errors ≤ n")
    tested = np.maximum(size, 1.0)
    p: NDArray[np.float64] = np.where(size > 0, bdtr(np.minimum(count, tested), tested.astype(np.int64), risk), 1.0)
    return p


def betting_p(losses: ArrayLike, mean: float, *, low: float = 0.0, high: float = 1.0) -> float:
    """Return the p-value of "the expected loss exceeds `mean`" for independent losses in [low, high].

    One over the greatest wealth of a gambler who bets that losses are smaller, by Ville's inequality; each bet is the
    predictable plug-in λ_i = √(2 ln(1/.05) / (n σ̂²_{i−1})), capped (Waudby-Smith & Ramdas 2020, arXiv 2010.09686,
    section 4.2). `losses` (n,) in an order that does not depend on their values; 1 where there are none.
    """
    x = _checked(losses, mean, low, high)
    n = len(x)
    if n == 0:
        return 1.0
    z, m = (x - low) / (high - low), (mean - low) / (high - low)
    seen = np.arange(1, n + 1)
    mean_so_far = (0.5 + np.cumsum(z)) / (seen + 1)
    variance = (0.25 + np.cumsum(np.square(z - mean_so_far))) / (seen + 1)
    before = np.concatenate([[0.25], variance[:-1]])
    bets = np.minimum(np.sqrt(2.0 * math.log(1.0 / _TUNED) / (n * before)), _CAP / (1.0 - m))
    log_wealth = np.cumsum(np.log1p(bets * (m - z)))
    return float(np.exp(-max(0.0, float(log_wealth.max()))))


def choose_stake(losses: ArrayLike, mean: float, *, low: float = 0.0, high: float = 1.0) -> float:
    """Return the bet of `BETS` under which losses like these, (n,), are expected to win most against a mean of `mean`.

    Losses of `high` are added to them, which take half of the room up to `mean`: losses that policies were chosen by
    look smaller than others. Without losses the smallest bet.
    """
    x = _checked(losses, mean, low, high)
    if not len(x):
        return BETS[0]
    spare = max(0.0, mean - float(x.mean())) / (high - float(x.mean())) / 2.0 if x.mean() < high else 0.0

    def growth(bet: float) -> float:
        own = float(np.log1p(bet / (high - mean) * (mean - x)).mean())
        return (1.0 - spare) * own + spare * math.log1p(-bet)

    return max(BETS, key=growth)


def staked_p(losses: ArrayLike, mean: float, *, stake: float, low: float = 0.0, high: float = 1.0) -> float:
    """Return the p-value of "the expected loss exceeds `mean`" by one constant bet, fixed without these losses.

    One over the greatest wealth (Ville's inequality). No smaller loss ever makes it greater, which is not so for
    `betting_p`, whose bets follow the losses: unknown losses may be counted as `high` and looked up in any order.
    `losses` (n,) in an order that does not depend on their values; `stake` in (0, 1), a share of the greatest bet that
    cannot lose all; 1 where there are none.
    """
    x = _checked(losses, mean, low, high)
    if not len(x):
        return 1.0
    wealth = np.cumsum(np.log1p(stake / (high - mean) * (mean - x)))
    return float(np.exp(-max(0.0, float(wealth.max()))))


def betting_wealth(losses: ArrayLike, mean: float, *, low: float = 0.0, high: float = 1.0) -> NDArray[np.float64]:
    """Return the logarithm of a gambler's wealth after each loss, (n,): the mean over `BETS` of Π (1 + λ (mean − x)).

    λ is the bet over high − mean. Under an expected loss of at least `mean` the wealth is a supermartingale that starts
    at 1. Constant bets make it symmetric in the losses, which `betting_p` is not, at some cost in power.
    """
    x = _checked(losses, mean, low, high)
    total = np.full(len(x), -np.inf)
    for bet in BETS:
        # One bet at a time, so that a million losses need three arrays and not a matrix.
        total = np.logaddexp(total, np.cumsum(np.log1p(bet / (high - mean) * (mean - x))))
    wealth: NDArray[np.float64] = total - math.log(len(BETS))
    return wealth


def bets_on(draws: int, bound: float) -> bool:
    """Return whether the betting test of a loss of at most `bound` has more power than counting harm alone.

    A rule that needs no label: the choice between two p-values must not depend on what they are.
    """
    return draws * bound >= BETTING_FROM


def bets(draws: int, bound: float, *, grouped: bool, fractional: bool) -> bool:
    """Return whether a loss of at most `bound` is tested by betting, else exactly on whole losses.

    A rule that needs no label: the choice between two p-values must not depend on what they are. Betting takes
    fractions, and the means of groups, of which the exact test sees one row each, where there are enough of them.
    """
    return fractional or draws > MOST or (grouped and bets_on(draws, bound))


def fixed_sequence(p_values: Iterable[float], delta: float) -> int:
    """Fixed-sequence test: return how many leading hypotheses are rejected at level delta, until the first failure.

    All of them are right with probability 1 − delta, without correction (Bauer 1991), since a false one is only
    reached if the first false one was rejected. The values are taken one by one, and none after the first failure.
    """
    passed = 0
    for p in p_values:
        if not p <= delta:
            break
        passed += 1
    return passed


def _checked(losses: ArrayLike, mean: float, low: float, high: float) -> NDArray[np.float64]:
    x = np.asarray(losses, dtype=np.float64)
    if not np.all((x >= low) & (x <= high)):
        raise DataError(f"found a loss that is NaN or outside [{low:g}, {high:g}]; give labelled rows only")
    if not low <= mean < high:
        raise ConfigError(f"found a bound of {mean} on losses in [{low:g}, {high:g}]; expected one inside")
    return x


def _require_open(**values: float) -> None:
    for name, value in values.items():
        if not 0.0 < value < 1.0:
            raise ConfigError(f"found {name} = {value}; expected a number between 0 and 1")


def sign_test(drops: ArrayLike) -> float:
    """Return the p-value of "the second policy is on average no worse than the first".

    `drops` (n,) in [−1, 1]: how much less right the second is on each row. Where they are −1, 0 or 1, the exact test of
    McNemar (1947, Psychometrika 12): P(Bin(h + g, ½) ≥ h) with h rows worse and g better. Else betting. 1 where no row
    differs.
    """
    x = np.asarray(drops, dtype=np.float64)
    worse, better = int(np.sum(x > 0.0)), int(np.sum(x < 0.0))
    if not worse + better:
        return 1.0
    if np.isin(x, (-1.0, 0.0, 1.0)).all():
        from scipy.stats import binom

        return float(binom.sf(worse - 1, worse + better, 0.5))
    # "The mean drop is at most 0" with its sign changed, since betting refutes means that are too great.
    return betting_p(np.random.default_rng(0).permutation(-x), 0.0, low=-1.0, high=1.0)
