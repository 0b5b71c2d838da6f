"""“Did it help?”, in words: what was counted, what that shows, and what it does not."""

from __future__ import annotations

from bridge.kpi.effect_of_project import EffectOfProject, Verdict
from bridge.model.report import Fact, Facts, Section, Text, Tone
from bridge.usecases.reports.words import Words

_TONES = {Verdict.HELPED: Tone.GOOD, Verdict.WORSE: Tone.BAD, Verdict.NO_EFFECT: Tone.WARNING}


def helped_section(effect: EffectOfProject | None, word: Words) -> Section:
    """The part of a report."""
    if effect is None:
        return Section(word("helped"), (Text(word("helped.not_asked")),))
    verdict = Text(verdict_text(effect, word), _TONES.get(effect.verdict, Tone.PLAIN))
    facts = (
        Fact(word("helped.before"), effect.before, word("helped.in_days", days=f"{effect.before_days:.0f}")),
        Fact(word("helped.after"), effect.after, word("helped.in_days", days=f"{effect.after_days:.0f}")),
        Fact(word("helped.rates"), _rates(effect), word("helped.per_month")),
        Fact(word("helped.ratio"), _ratio(effect), _interval(effect, word)),
    )
    return Section(word("helped"), (verdict, Facts(facts), Text(word("helped.caveat"))))


def verdict_text(effect: EffectOfProject, word: Words) -> str:
    """One sentence or two; “no effect shown” is said plainly."""
    days = "" if effect.shown_after_days is None else f"{effect.shown_after_days:.0f}"
    return word(f"helped.{effect.verdict}", needed=days, interval=_interval(effect, word))


def _rates(effect: EffectOfProject) -> str:
    rates = (effect.before_rate, effect.after_rate)
    return " → ".join("-" if rate is None else f"{rate:.2f}" for rate in rates)


def _ratio(effect: EffectOfProject) -> str | None:
    return None if effect.ratio is None else f"{effect.ratio:.2f}"


def _interval(effect: EffectOfProject, word: Words) -> str:
    high = "∞" if effect.high is None else f"{effect.high:.2f}"
    return word("helped.interval", share=f"{effect.confidence:.0%}", low=f"{effect.low:.2f}", high=high)
