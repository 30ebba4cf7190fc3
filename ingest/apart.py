"""Checks an intake message by message, where one of them makes the check of all fail."""

from collections.abc import Iterable
from datetime import timedelta

import numpy as np

from ingest.batch import Intake, Origin, Rejection
from ingest.halves import Place, place_of
from ingest.record import Record
from ingest.shape import check_times
from ingest.unexpected import detail_of


def check_times_apart(intake: Intake, lateness_limit: timedelta) -> None:
    """As `check_times`; a message that raises an unexpected error becomes a rejection."""
    parts = [_checked(record, part, lateness_limit) for record, part in _messages(intake)]
    intake.samples = [sample for part in parts for sample in part.samples]
    intake.origins = [origin for part in parts for origin in part.origins]
    intake.sample_times_us = np.concatenate([part.sample_times_us for part in parts])
    intake.others = [other for part in parts for other in part.others]
    intake.rejections += [rejection for part in parts for rejection in part.rejections]


def _messages(intake: Intake) -> Iterable[tuple[Record, Intake]]:
    """The records that events came from, each with its events, in the intake's order."""
    parts: dict[Place, tuple[Record, Intake]] = {}

    def part_of(origin: Origin) -> Intake:
        record = origin.record
        return parts.setdefault(place_of(record), (record, Intake()))[1]

    for sample, origin in zip(intake.samples, intake.origins, strict=True):
        part = part_of(origin)
        part.samples.append(sample)
        part.origins.append(origin)
    for event, origin in intake.others:
        part_of(origin).others.append((event, origin))
    return parts.values()


def _checked(record: Record, part: Intake, lateness_limit: timedelta) -> Intake:
    try:
        check_times(part, lateness_limit)
    except Exception as error:
        if isinstance(error, MemoryError):
            raise
        return Intake(rejections=[Rejection(Origin(record), "refused", detail_of(error))])
    return part
