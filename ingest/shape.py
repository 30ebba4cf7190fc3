"""Shapes decoded events into a batch: times checked, keys joined, order and repeats settled."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from ingest.batch import Batch, Intake, Origin, Rejection, by_type
from schemas.events import Event, Sample

FUTURE_LIMIT: Final = timedelta(minutes=5)
# A business brings its history along, but not from before there was any.
OLDEST_EVENT: Final = datetime(2000, 1, 1, tzinfo=UTC)

AgentKeys = dict[tuple[str, str], int]


def check_times(intake: Intake, lateness_limit: timedelta) -> None:
    """Moves events whose time is out of bounds to the rejections.

    Measured against the record's broker time: more than 5 minutes ahead is `future`; a sample more
    than the lateness limit behind, or another event from before 2000, is `expired`.
    """
    _check_samples(intake, lateness_limit)
    kept: list[tuple[Event, Origin]] = []
    for event, origin in intake.others:
        rejection = _check_event(event, origin)
        if rejection is None:
            kept.append((event, origin))
        else:
            intake.rejections.append(rejection)
    intake.others = kept


def _check_samples(intake: Intake, lateness_limit: timedelta) -> None:
    ts = _seconds(sample.ts for sample in intake.samples)
    broker = _seconds_of_ms(origin.record.timestamp for origin in intake.origins)
    future = ts > broker + FUTURE_LIMIT.total_seconds()
    expired = ts < broker - lateness_limit.total_seconds()
    bad = future | expired
    if not bad.any():
        return
    for i in np.flatnonzero(bad):
        origin = intake.origins[i]
        if future[i]:
            intake.rejections.append(_future(intake.samples[i].ts, origin))
        else:
            detail = (
                f"ts {intake.samples[i].ts.isoformat()} is more than {lateness_limit.days} days "
                f"behind the broker's {_broker_time(origin).isoformat()}"
            )
            intake.rejections.append(Rejection(origin, "expired", detail))
    good = np.flatnonzero(~bad).tolist()
    intake.samples = [intake.samples[i] for i in good]
    intake.origins = [intake.origins[i] for i in good]


def _check_event(event: Event, origin: Origin) -> Rejection | None:
    if event.ts > _broker_time(origin) + FUTURE_LIMIT:
        return _future(event.ts, origin)
    if event.ts < OLDEST_EVENT:
        detail = f"ts {event.ts.isoformat()} is before {OLDEST_EVENT.isoformat()}"
        return Rejection(origin, "expired", detail)
    return None


def _future(ts: datetime, origin: Origin) -> Rejection:
    detail = (
        f"ts {ts.isoformat()} is more than 5 minutes ahead of the broker's "
        f"{_broker_time(origin).isoformat()}"
    )
    return Rejection(origin, "future", detail)


def _broker_time(origin: Origin) -> datetime:
    return datetime.fromtimestamp(origin.record.timestamp / 1000, UTC)


def agents_of(intake: Intake) -> set[tuple[str, str]]:
    """The (user, agent) pairs that need a key."""
    pairs = {(sample.user_id, sample.agent_id) for sample in intake.samples}
    for event, _ in intake.others:
        agent_id = getattr(event, "agent_id", None)
        if agent_id is not None:
            pairs.add((event.user_id, agent_id))
    return pairs


def shape(intake: Intake, keys: AgentKeys) -> Batch:
    """The batch of an intake whose times are checked and whose agents all have keys."""
    every = _sample_frame(intake.samples, keys)
    samples = every.unique(["agent_key", "ts"], keep="first", maintain_order=True).sort(
        "agent_key", "ts"
    )
    events = [event for event, _ in intake.others]
    return Batch(
        samples=samples,
        latest=_latest(samples),
        events=by_type(events),
        agent_keys=keys,
        rejections=intake.rejections,
        spans=intake.spans,
        repeats=every.height - samples.height,
    )


def _sample_frame(samples: Sequence[Sample], keys: AgentKeys) -> pl.DataFrame:
    def column(get: Callable[[Sample], Any], dtype: Any) -> Any:
        return np.fromiter(map(get, samples), dtype, len(samples))

    def optional(values: Any) -> pl.Series:
        # No sample carries NaN (the schema's bounds refuse it), so it can stand for "not told".
        numbers = (math.nan if value is None else value for value in values)
        return pl.Series(np.fromiter(numbers, np.float32, len(samples))).fill_nan(None)

    seconds = _seconds(sample.ts for sample in samples)
    return pl.DataFrame(
        {
            "ts": np.rint(seconds * 1e6).astype(np.int64),
            "agent_key": column(lambda s: keys[s.user_id, s.agent_id], np.int32),
            "cpu": column(lambda s: s.cpu, np.float32),
            "memory": column(lambda s: s.memory, np.float32),
            "messages": column(lambda s: s.messages, np.int32),
            "errors": column(lambda s: s.errors, np.int32),
            "response_ms": optional(s.response_ms for s in samples),
            "storage_used_mb": optional(s.storage_used_mb for s in samples),
            "storage_total_mb": optional(s.storage_total_mb for s in samples),
        }
    )


def _latest(samples: pl.DataFrame) -> pl.DataFrame:
    told = pl.col("storage_used_mb").is_not_null() & pl.col("storage_total_mb").is_not_null()
    return (
        samples.group_by("agent_key", maintain_order=True)
        .agg(
            pl.col("ts").first().alias("first_ts"),
            pl.col("ts").last(),
            pl.col("cpu").last(),
            pl.col("memory").last(),
            pl.col("ts").filter(told).last().alias("storage_ts"),
            pl.col("storage_used_mb").filter(told).last(),
            pl.col("storage_total_mb").filter(told).last(),
        )
        .sort("agent_key")
    )


def _seconds(times: Any) -> Any:
    # A double holds microseconds exactly until the year 2106.
    return np.fromiter((time.timestamp() for time in times), np.float64)


def _seconds_of_ms(times: Any) -> Any:
    return np.fromiter(times, np.float64) / 1000
