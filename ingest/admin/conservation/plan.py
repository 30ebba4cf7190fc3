"""Which relations of a bucket are to be recomputed, and from what; decided by sums alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

RAW: Final = "agent_samples"
FINE: Final = "agent_metrics_5m"
HOURS: Final = "agent_metrics_1h"
DAYS: Final = "agent_metrics_1d"
PLATFORM: Final = "platform_metrics_1h"
# The samples are what everything else is made of.
SOURCES: Final = {FINE: RAW, HOURS: FINE, DAYS: HOURS, PLATFORM: RAW}

# Samples, messages, errors, and 5-minute buckets of an agent that have a sample.
Totals = tuple[int, int, int, int]


class IrreparableError(Exception):
    """A relation's bucket differs, and nothing is left to recompute it from; says what is gone."""

    def __init__(self, relation: str, reason: str) -> None:
        super().__init__(reason)
        self.relation = relation


@dataclass(frozen=True, slots=True)
class KeptRelations:
    """Which relations still have the bucket as a whole."""

    raw: bool
    fine: bool
    hours: bool


def plan_hour(totals: Mapping[str, Totals], kept: KeptRelations) -> list[str]:
    """The relations to recompute, in order; raises IrreparableError.

    Where the samples are there, whatever differs from them is wrong. Where they are gone, the
    5-minute rows are believed if the platform's rows agree with them.
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
    """The same for a day: made of its hours, once those are right."""
    if kept.hours and _agrees(totals, HOURS):
        return [] if totals[DAYS] == totals[HOURS] else [DAYS]
    if _agrees(totals, DAYS):
        return []
    if not kept.hours:
        raise IrreparableError(DAYS, "the hours of that day are older than their retention")
    raise IrreparableError(DAYS, "its hours do not sum to the platform's rows either")


def _agrees(totals: Mapping[str, Totals], name: str) -> bool:
    return totals[name][:3] == totals[PLATFORM][:3]
