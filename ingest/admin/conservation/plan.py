"""Decides from the sums of a bucket which relations to recompute, and from which source."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

RAW: Final = "agent_samples"
FINE: Final = "agent_metrics_5m"
HOURS: Final = "agent_metrics_1h"
DAYS: Final = "agent_metrics_1d"
PLATFORM: Final = "platform_metrics_1h"
# The relation that each one is computed from.
SOURCES: Final = {FINE: RAW, HOURS: FINE, DAYS: HOURS, PLATFORM: RAW}

# Samples, messages, errors, and the number of 5-minute buckets of agents that have a sample.
Totals = tuple[int, int, int, int]


class IrreparableError(Exception):
    """A relation's bucket differs, and its source is gone or wrong; the message says which."""

    def __init__(self, relation: str, reason: str) -> None:
        super().__init__(reason)
        self.relation = relation


@dataclass(frozen=True, slots=True)
class KeptRelations:
    """Whether each relation still has the complete bucket."""

    raw: bool
    fine: bool
    hours: bool


def plan_hour(totals: Mapping[str, Totals], kept: KeptRelations) -> list[str]:
    """The relations to recompute, in order; raises IrreparableError.

    If the samples are kept, every relation that differs from them is wrong. If not, the 5-minute
    rows are the reference, provided that the platform's rows agree with them.
    """
    if kept.raw:
        wrong = [name for name in (FINE, HOURS) if totals[name] != totals[RAW]]
        return wrong if _agrees(totals, RAW) else [*wrong, PLATFORM]
    wrong = [
        name
        for name, is_kept in ((FINE, kept.fine), (HOURS, kept.hours))
        if is_kept and not _agrees(totals, name)
    ]
    if not wrong or (wrong == [HOURS] and kept.fine):
        return wrong
    raise IrreparableError(
        wrong[0], "the raw samples are gone, and no finer rollup agrees with the platform's rows"
    )


def plan_day(totals: Mapping[str, Totals], kept: KeptRelations) -> list[str]:
    """The same for a day, which is computed from its hours once they are correct."""
    if kept.hours and _agrees(totals, HOURS):
        return [] if totals[DAYS] == totals[HOURS] else [DAYS]
    if _agrees(totals, DAYS):
        return []
    if not kept.hours:
        raise IrreparableError(DAYS, "the hours of that day are older than their retention")
    raise IrreparableError(DAYS, "its hours do not sum to the platform's rows either")


def _agrees(totals: Mapping[str, Totals], name: str) -> bool:
    return totals[name][:3] == totals[PLATFORM][:3]
