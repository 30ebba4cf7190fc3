"""Shapes decoded events into a batch: keys joined, samples in order, each once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import numpy as np
import polars as pl

from ingest.batch import SAMPLE_SCHEMA, AgentKeys, Batch, Decoded, agent_name, by_type
from ingest.record import broker_time
from ingest.rejection import Origin
from ingest.writing.binarycopy import OPTIONAL, REQUIRED, encode_samples
from schemas.events import Deployment, Event, Status

TIMELINE_RETENTION: Final = timedelta(days=365)
# Every event of these types has its place in the timeline, besides counting as the newest state.
TIMELINE_GROUPS: Final[dict[type[Event], str]] = {
    Status: "status_event",
    Deployment: "deployment_event",
}
_STORED = [name for name in (*REQUIRED, *OPTIONAL) if name in SAMPLE_SCHEMA]


def agents_of(decoded: Decoded) -> set[str]:
    """The names of the agents that need a key."""
    names = set(decoded.samples["agent"].unique().to_list())
    for event, _ in decoded.others:
        agent_id = getattr(event, "agent_id", None)
        if agent_id is not None:
            names.add(agent_name(event.user_id, agent_id))
    return names


def build_batch(
    decoded: Decoded, keys: AgentKeys, timeline: timedelta = TIMELINE_RETENTION
) -> Batch:
    """One batch of events whose times are checked and whose agents all have keys.

    `timeline` is how far behind its broker time an event may lie that the timeline keeps.
    """
    every = _with_keys(decoded.samples, keys)
    samples = _once(every)
    return Batch(
        samples=samples,
        pieces=encode_samples(samples),
        events={
            **by_type([event for event, _ in decoded.others]),
            **_timeline(decoded.others, timeline),
        },
        agent_keys=keys,
        rejections=decoded.rejections,
        spans=decoded.spans,
        repeats=every.height - samples.height,
        shard=_first_partition(decoded),
    )


def _timeline(others: Sequence[tuple[Event, Origin]], retention: timedelta) -> dict[str, list[Any]]:
    """The events that the timeline keeps, by group.

    By the broker's time, as every verdict: it does not depend on when a record is read.
    """
    groups: dict[str, list[Any]] = defaultdict(list)
    for event, origin in others:
        group = TIMELINE_GROUPS.get(type(event))
        if group and broker_time(origin.record.timestamp) - event.ts <= retention:
            groups[group].append(event)
    return dict(groups)


def _with_keys(samples: pl.DataFrame, keys: AgentKeys) -> pl.DataFrame:
    names = samples["agent"].to_list()
    found = np.fromiter(map(keys.__getitem__, names), np.int32, len(names))
    return samples.select(_STORED).with_columns(agent_key=pl.Series(found))


def _once(samples: pl.DataFrame) -> pl.DataFrame:
    """Ordered by agent and time, the first of those that repeat one another."""
    agent, ts = samples["agent_key"].to_numpy(), samples["ts"].to_numpy()
    order = np.lexsort((ts, agent))
    agent, ts = agent[order], ts[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (agent[1:] != agent[:-1]) | (ts[1:] != ts[:-1])
    return samples[order[is_new]]


def _first_partition(decoded: Decoded) -> int:
    """The one that the first sample came from, 0 without any."""
    if decoded.samples.is_empty():
        return 0
    first: int = decoded.samples["record"].to_numpy().min()
    return decoded.records[first].partition
