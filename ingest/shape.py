"""Shapes decoded events into a batch: times checked, keys joined, order and repeats settled."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any, Final

import numpy as np
import polars as pl

from ingest.batch import AGENT, AgentKeys, Batch, Intake, Origin, Rejection, by_type
from ingest.copy import encode_samples
from ingest.record import broker_time, representable_ms
from schemas.events import Event, Sample

FUTURE_LIMIT: Final = timedelta(minutes=5)
MICROSECOND: Final = timedelta(microseconds=1)
# A business brings its history along, but not from before there was any.
OLDEST_EVENT: Final = datetime(2000, 1, 1, tzinfo=UTC)

_BROKER_MS: Final = attrgetter("record.timestamp")


def check_times(intake: Intake, lateness_limit: timedelta) -> None:
    """Moves events whose time is out of bounds to the rejections.

    Measured against the record's broker time: more than 5 minutes ahead is `future`; a sample more
    than the lateness limit behind, or another event from before 2000, is `expired`.
    """
    judged = [(event, origin, _check_event(event, origin)) for event, origin in intake.others]
    _check_samples(intake, lateness_limit)
    intake.others = [(event, origin) for event, origin, rejection in judged if rejection is None]
    intake.rejections += [rejection for _, _, rejection in judged if rejection is not None]


def _check_samples(intake: Intake, lateness_limit: timedelta) -> None:
    ts = microseconds(intake.samples)
    broker_ms = map(representable_ms, map(_BROKER_MS, intake.origins))
    broker = np.fromiter(broker_ms, np.int64, len(intake.origins)) * 1000
    future = ts > broker + FUTURE_LIMIT // MICROSECOND
    bad = future | (ts < broker - lateness_limit // MICROSECOND)
    rejections = [
        _future(intake.samples[i].ts, intake.origins[i])
        if future[i]
        else _late(intake.samples[i].ts, intake.origins[i], lateness_limit)
        for i in np.flatnonzero(bad)
    ]
    intake.sample_times_us = ts
    intake.rejections += rejections
    _keep(intake, ~bad)


def reject_dropped(intake: Intake, dropped_before: datetime) -> list[Rejection]:
    """Moves samples that retention may have dropped already to the rejections; returns these.

    They may have been stored and added up before, and nothing is left to tell. The intake's times
    are checked.
    """
    dropped = intake.sample_times_us < round(dropped_before.timestamp() * 1e6)
    found = [
        _dropped(intake.samples[i].ts, intake.origins[i], dropped_before)
        for i in np.flatnonzero(dropped)
    ]
    intake.rejections.extend(found)
    _keep(intake, ~dropped)
    return found


def _keep(intake: Intake, good: Any) -> None:
    """Leaves the samples for which `good`, an array of booleans, is true."""
    if good.all():
        return
    kept = np.flatnonzero(good).tolist()
    intake.samples = [intake.samples[i] for i in kept]
    intake.origins = [intake.origins[i] for i in kept]
    intake.sample_times_us = intake.sample_times_us[good]


def _dropped(ts: datetime, origin: Origin, before: datetime) -> Rejection:
    detail = (
        f"ts {ts.isoformat()} is before {before.isoformat()}, up to which retention has dropped "
        "samples: this one may have been stored and counted before"
    )
    return Rejection(origin, "expired", detail)


def _late(ts: datetime, origin: Origin, limit: timedelta) -> Rejection:
    detail = (
        f"ts {ts.isoformat()} is more than {limit.days} days "
        f"behind the broker's {_broker_time(origin).isoformat()}"
    )
    return Rejection(origin, "expired", detail)


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
    return broker_time(origin.record.timestamp)


def agents_of(intake: Intake) -> set[tuple[str, str]]:
    """The (user, agent) pairs that need a key."""
    pairs = set(map(AGENT, intake.samples))
    for event, _ in intake.others:
        agent_id = getattr(event, "agent_id", None)
        if agent_id is not None:
            pairs.add((event.user_id, agent_id))
    return pairs


def shape(intake: Intake, keys: AgentKeys) -> Batch:
    """One batch of an intake whose times are checked and whose agents all have keys."""
    every = _sample_frame(intake, keys)
    samples = _once(every)
    events = [event for event, _ in intake.others]
    return Batch(
        samples=samples,
        pieces=encode_samples(samples),
        events=by_type(events),
        agent_keys=keys,
        rejections=intake.rejections,
        spans=intake.spans,
        repeats=every.height - samples.height,
        shard=min(intake.sample_partitions, default=0),
    )


def _once(samples: pl.DataFrame) -> pl.DataFrame:
    """Ordered by agent and time, the first of those that repeat one another."""
    agent, ts = samples["agent_key"].to_numpy(), samples["ts"].to_numpy()
    order = np.lexsort((ts, agent))
    agent, ts = agent[order], ts[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (agent[1:] != agent[:-1]) | (ts[1:] != ts[:-1])
    return samples[order[is_new]]


def _sample_frame(intake: Intake, keys: AgentKeys) -> pl.DataFrame:
    samples = intake.samples

    def column(name: str, dtype: Any) -> Any:
        return np.fromiter(map(attrgetter(name), samples), dtype, len(samples))

    def optional(name: str) -> pl.Series:
        # No sample carries NaN (the schema's bounds refuse it), so it can stand for "not told".
        return pl.Series(column(name, np.float32)).fill_nan(None)

    agent_keys = map(keys.__getitem__, map(AGENT, samples))
    return pl.DataFrame(
        {
            "ts": intake.sample_times_us,
            "agent_key": np.fromiter(agent_keys, np.int32, len(samples)),
            "messages": column("messages", np.int32),
            "errors": column("errors", np.int32),
            "cpu": optional("cpu"),
            "memory": optional("memory"),
            "response_ms": optional("response_ms"),
            "storage_used_mb": optional("storage_used_mb"),
            "storage_total_mb": optional("storage_total_mb"),
        }
    )


def microseconds(samples: Sequence[Sample]) -> Any:
    """The samples' times as an array of microseconds since 1970."""
    # A double holds microseconds exactly until the year 2106.
    times = map(datetime.timestamp, map(attrgetter("ts"), samples))
    return np.rint(np.fromiter(times, np.float64, len(samples)) * 1e6).astype(np.int64)
