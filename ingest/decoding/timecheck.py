"""Checks events' times against the broker time and against the retention of samples."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np

from ingest.batch import Decoded
from ingest.record import FIRST_MS, LAST_MS, broker_time, representable_us
from ingest.rejection import Origin, Rejection
from ingest.unexpectederrors import detail_of, is_unexpected, report
from schemas.events import Event

FUTURE_LIMIT: Final = timedelta(minutes=5)
MICROSECOND: Final = timedelta(microseconds=1)
# Business events may be historical, but not older than this.
OLDEST_EVENT: Final = datetime(2000, 1, 1, tzinfo=UTC)


def check_times(decoded: Decoded, lateness_limit: timedelta) -> None:
    """Moves events whose time is out of range to the rejections.

    Measured against the record's broker time: more than 5 minutes ahead is `future`; a sample more
    than the lateness limit behind, or another event from before 2000, is `expired`.
    """
    judged = [(event, origin, _check_event(event, origin)) for event, origin in decoded.others]
    decoded.others = [(event, origin) for event, origin, rejection in judged if rejection is None]
    decoded.rejections += [rejection for _, _, rejection in judged if rejection is not None]
    ts = decoded.samples["ts"].to_numpy()
    broker = _broker_us(decoded)
    is_future = ts > broker + FUTURE_LIMIT // MICROSECOND
    is_late = ts < broker - lateness_limit // MICROSECOND
    _reject_samples(
        decoded,
        is_future | is_late,
        lambda ts, origin: (
            _future(ts, origin)
            if ts > _broker_time(origin) + FUTURE_LIMIT
            else _late(ts, origin, lateness_limit)
        ),
    )


def reject_dropped(decoded: Decoded, dropped_before: datetime) -> list[Rejection]:
    """Moves samples older than retention to the rejections; returns these.

    They may have been stored and aggregated before; the raw rows that would show it are dropped.
    """
    ts = decoded.samples["ts"].to_numpy()
    return _reject_samples(
        decoded,
        ts < round(dropped_before.timestamp() * 1e6),
        lambda ts, origin: _dropped(ts, origin, dropped_before),
    )


def _broker_us(decoded: Decoded) -> Any:
    """The broker time of each sample's record, in microseconds since 1970."""
    times = decoded.records.timestamps()
    return np.clip(times, FIRST_MS, LAST_MS)[decoded.samples["record"].to_numpy()] * 1000


def _reject_samples(
    decoded: Decoded, is_bad: Any, why: Callable[[datetime, Origin], Rejection]
) -> list[Rejection]:
    """Rejects the samples for which the boolean array `is_bad` is true; returns the rejections."""
    if not is_bad.any():
        return []
    bad = decoded.samples.filter(is_bad).select("ts", "record", "place").rows()
    found = [why(representable_us(ts), decoded.origin(record, place)) for ts, record, place in bad]
    decoded.rejections += found
    decoded.samples = decoded.samples.filter(~is_bad)
    return found


def _check_event(event: Event, origin: Origin) -> Rejection | None:
    try:
        if event.ts > _broker_time(origin) + FUTURE_LIMIT:
            return _future(event.ts, origin)
        if event.ts < OLDEST_EVENT:
            detail = f"ts {event.ts.isoformat()} is before {OLDEST_EVENT.isoformat()}"
            return Rejection(origin, "expired", detail)
    except Exception as error:
        if not is_unexpected(error):
            raise
        report("check", error)
        return Rejection(origin, "refused", detail_of(error))
    return None


def _future(ts: datetime, origin: Origin) -> Rejection:
    detail = (
        f"ts {ts.isoformat()} is more than 5 minutes ahead of the broker's "
        f"{_broker_time(origin).isoformat()}"
    )
    return Rejection(origin, "future", detail)


def _late(ts: datetime, origin: Origin, limit: timedelta) -> Rejection:
    detail = (
        f"ts {ts.isoformat()} is more than {limit.days} days "
        f"behind the broker's {_broker_time(origin).isoformat()}"
    )
    return Rejection(origin, "expired", detail)


def _dropped(ts: datetime, origin: Origin, before: datetime) -> Rejection:
    detail = (
        f"ts {ts.isoformat()} is before {before.isoformat()}, up to which retention has dropped "
        "samples: this one may be a duplicate"
    )
    return Rejection(origin, "expired", detail)


def _broker_time(origin: Origin) -> datetime:
    return broker_time(origin.record.timestamp)
