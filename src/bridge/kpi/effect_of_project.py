"""Did it help? How often a group's incidents come after a project's delivery, compared with before its promotion.

Incidents are counted as Poisson events. Given their sum, those after the delivery are binomial with
p = rho * after_days / (before_days + rho * after_days), where rho is the ratio of the two rates (J. Przyborowski and
H. Wilenski, Biometrika 31, 1940, 313-323). The exact interval of p (C. J. Clopper and E. S. Pearson, Biometrika 26,
1934, 404-413) gives that of rho. It is conservative: it never covers less than it says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

CONFIDENCE = 0.95
_STEPS, _SMALLEST, _PRECISION = 10_000, 1e-300, 1e-15


class Verdict(StrEnum):
    """What the figures show. `too_early`: not even no incident at all would show anything yet."""

    HELPED = "helped"
    NO_EFFECT = "no_effect"
    WORSE = "worse"
    TOO_EARLY = "too_early"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class EffectOfProject:
    """Incidents and days before promotion and after delivery, and the ratio of the two rates with its interval.

    `ratio` is after / before, None when nothing was counted before; `high` is None when there is no upper bound.
    `shown_after_days` is how long after the delivery no incident at all would show that it helped, None when nothing
    was counted before.
    """

    before: int
    before_days: float
    after: int
    after_days: float
    ratio: float | None
    low: float
    high: float | None
    confidence: float
    shown_after_days: float | None

    @property
    def verdict(self) -> Verdict:
        """In one word."""
        if not self.before or self.before_days <= 0 or self.after_days <= 0:
            return Verdict.UNKNOWN
        if self.high is not None and self.high < 1:
            return Verdict.HELPED
        if self.low > 1:
            return Verdict.WORSE
        if not self.after and self.shown_after_days is not None and self.after_days < self.shown_after_days:
            return Verdict.TOO_EARLY
        return Verdict.NO_EFFECT

    @property
    def before_rate(self) -> float | None:
        """Incidents in 30 days, before the promotion."""
        return 30 * self.before / self.before_days if self.before_days > 0 else None

    @property
    def after_rate(self) -> float | None:
        """Incidents in 30 days, after the delivery."""
        return 30 * self.after / self.after_days if self.after_days > 0 else None


def effect_of_project(
    before: int, before_days: float, after: int, after_days: float, confidence: float = CONFIDENCE
) -> EffectOfProject:
    """Compares `before` incidents in some days with `after` incidents in others. Raises ValueError below zero."""
    if min(before, before_days, after, after_days) < 0:
        raise ValueError("incidents and days are 0 or more")
    ratio: float | None = None
    low, high = 0.0, math.inf
    if before_days > 0 and after_days > 0:
        low_share, high_share = binomial_interval(after, before + after, confidence)
        scale = before_days / after_days
        low, high = _odds(low_share) * scale, _odds(high_share) * scale
        ratio = after / before * scale if before else None
    shown = before_days * ((2 / (1 - confidence)) ** (1 / before) - 1) if before else None
    return EffectOfProject(
        before, before_days, after, after_days, ratio, low, high if math.isfinite(high) else None, confidence, shown
    )


def binomial_interval(hits: int, tries: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share; (0, 1) without any try."""
    tail = (1 - confidence) / 2
    low = _beta_quantile(tail, hits, tries - hits + 1) if hits else 0.0
    high = _beta_quantile(1 - tail, hits + 1, tries - hits) if hits < tries else 1.0
    return low, high


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else math.inf


def _beta_quantile(probability: float, a: float, b: float) -> float:
    """By halving: the distribution is monotone, and sixty steps use up a double's digits."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _beta(middle, a, b) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function (NIST Digital Library of Mathematical Functions, 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(1 - x, b, a)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x))
    return front * _fraction(x, a, b) / a


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of `_beta` by Lentz's method as W. J. Thompson and A. R. Barnett modified it (1986)."""
    c, d = 1.0, 1 / _not_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _not_zero(1 + term * d)
            c = _not_zero(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _not_zero(number: float) -> float:
    return number if abs(number) > _SMALLEST else _SMALLEST
