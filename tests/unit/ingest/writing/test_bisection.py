"""Halves of decoded events: nothing is in both or neither, and offsets stay in order."""

import json
import random
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from aiokafka import TopicPartition
from hypothesis import given
from hypothesis import strategies as st

from ingest.batch import Decoded, Fetched
from ingest.decoding.decode import decode
from ingest.decoding.timecheck import check_times
from ingest.record import Record
from ingest.writing.bisection import bisect, messages, place_of
from tests.unit.ingest.records import SAMPLE, STATUS, record

SAMPLE_VALUE = json.dumps(SAMPLE).encode()
VALUES = {
    "sample": SAMPLE_VALUE,
    "status": json.dumps(STATUS).encode(),
    "array": b"[" + SAMPLE_VALUE + b"," + SAMPLE_VALUE + b"]",
    "half bad": b"[" + SAMPLE_VALUE + b",{}]",
    "bad": b"{",
    "empty": b"[]",
}
ROWS = frozenset({"sample", "status", "array", "half bad"})
LOGS = st.dictionaries(
    st.tuples(st.sampled_from(["s", "t"]), st.integers(0, 3)),
    st.lists(st.tuples(st.sampled_from(sorted(VALUES)), st.integers(1, 3)), min_size=1),
    min_size=1,
)


def decoded_of(logs: dict[tuple[str, int], list[tuple[str, int]]]) -> Decoded:
    """What is in these partitions; each record lies some offsets behind the one before."""
    fetched = Fetched()
    for (topic, number), log in logs.items():
        found: list[Record] = []
        offset = 10
        for kind, step in log:
            offset += step
            found.append(record(VALUES[kind], topic=topic, partition=number, offset=offset))
        fetched.add(TopicPartition(topic, number), 10, found)
    decoded = decode(fetched, 1_000_000)
    check_times(decoded, timedelta(days=31))
    return decoded


def rows(decoded: Decoded) -> list[Any]:
    places = decoded.samples.select("record", "place").rows()
    origins = [decoded.origin(*place) for place in places]
    return sorted(
        (place_of(origin.record), origin.index or 0)
        for origin in [*origins, *(origin for _, origin in decoded.others)]
    )


def rejections(decoded: Decoded) -> list[Any]:
    return sorted((place_of(r.origin.record), r.origin.index or 0) for r in decoded.rejections)


@given(LOGS)
def test_halves_are_the_whole_in_order(logs: dict[tuple[str, int], list[tuple[str, int]]]) -> None:
    whole = decoded_of(logs)
    if len(messages(whole)) < 2:
        return
    left, right = bisect(whole)
    assert len(messages(left)) == len(messages(whole)) // 2
    assert rows(left) + rows(right) == rows(whole)
    assert sorted(rejections(left) + rejections(right)) == rejections(whole)
    assert left.counts + right.counts == whole.counts
    for partition, span in whole.spans.items():
        parts = [half.spans[partition] for half in (left, right) if partition in half.spans]
        assert (parts[0].first, parts[-1].next, parts[-1].last) == (
            span.first,
            span.next,
            span.last,
        )
        assert all(part.last and part.last.offset + 1 == part.next for part in parts)
        assert all(a.next == b.first for a, b in pairwise(parts))
    for half in (left, right):
        for partition, offset in map(place_of, messages(half)):
            assert half.spans[partition].first <= offset < half.spans[partition].next


@given(LOGS, st.integers())
def test_halving_ends_at_each_message(
    logs: dict[tuple[str, int], list[tuple[str, int]]], seed: int
) -> None:
    part = whole = decoded_of(logs)
    rng = random.Random(seed)
    while len(messages(part)) > 1:
        part = rng.choice(bisect(part))
    assert set(map(place_of, messages(part))) <= set(map(place_of, messages(whole)))


@pytest.mark.parametrize("kind", sorted(ROWS))
def test_messages_have_rows(kind: str) -> None:
    assert len(messages(decoded_of({("s", 0): [(kind, 1), ("bad", 1), ("empty", 1)]}))) == 1
