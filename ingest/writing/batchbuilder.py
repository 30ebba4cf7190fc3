"""Builds a batch from decoded events: joins agent keys, orders and deduplicates samples."""

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
# Events of these types are also stored in the timeline, besides the newest state.
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
    """A batch of events with checked times, whose agents all have keys.

    `timeline` is the maximum age of an event in the timeline, at its broker time.
    """
    with_keys = _with_keys(decoded.samples, keys)
    samples = _deduplicate(with_keys)
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
        repeats=with_keys.height - samples.height,
        shard=_first_partition(decoded),
    )


def _timeline(others: Sequence[tuple[Event, Origin]], retention: timedelta) -> dict[str, list[Any]]:
    """The timeline's events, by group.

    Their age is measured by broker time, so that it does not depend on when a record is read.
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


def _deduplicate(samples: pl.DataFrame) -> pl.DataFrame:
    """Orders by agent and time; keeps the first of duplicates."""
    agent, ts = samples["agent_key"].to_numpy(), samples["ts"].to_numpy()
    order = np.lexsort((ts, agent))
    agent, ts = agent[order], ts[order]
    is_new = np.ones(len(order), bool)
    is_new[1:] = (agent[1:] != agent[:-1]) | (ts[1:] != ts[:-1])
    return samples[order[is_new]]


def _first_partition(decoded: Decoded) -> int:
    """The partition of the first sample, 0 without samples."""
    if decoded.samples.is_empty():
        return 0
    first: int = decoded.samples["record"].to_numpy().min()
    return decoded.records[first].partition
