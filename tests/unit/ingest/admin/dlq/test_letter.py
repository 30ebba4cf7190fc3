"""A dead letter is read as ingest wrote it, whatever headers the original brought."""

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.admin.dlq.letter import Header, Letter, SourceRef, letters_of
from ingest.record import Record
from ingest.rejection import Origin, Rejection
from ingest.writing.deadlettersender import DeadLetterSender
from tests.unit.ingest.admin.dlq.letters import letter
from tests.unit.ingest.records import record
from tests.unit.ingest.writing.test_deadlettersender import Producer


async def written(of: Record, index: int | None = None) -> Record:
    """The dead letter of a record, by ingest's own hand."""
    producer = Producer()
    rejection = Rejection(Origin(of, index), "invalid", "why not")
    await DeadLetterSender(cast(Any, producer), "dead", 1_000).send([rejection])
    ((sent),) = producer.taken
    return record(
        sent["value"], key=sent["key"], headers=sent["headers"], topic="dead", offset=3, partition=1
    )


OWN = [("a", b"1"), ("n", None)]
# Headers of an original that pretends to be a dead letter, or was one.
PRETENDED = [
    ("__connect.errors.topic", b"other"),
    ("__connect.errors.partition", b"9"),
    ("__connect.errors.offset", b"9"),
    ("fleetgauge.reason", b"future"),
    ("fleetgauge.index", b"9"),
]


@pytest.mark.parametrize("headers", [[], OWN, PRETENDED, [*OWN, *PRETENDED]])
@pytest.mark.parametrize("index", [None, 0, 999])
async def test_the_original_and_why(headers: list[Header], index: int | None) -> None:
    of = record(b"\xff", offset=7, partition=2, key=b"k", headers=headers)
    (found,) = letters_of(await written(of, index))
    assert found == Letter(
        partition=1,
        offset=3,
        at=found.at,
        place=SourceRef("fleet.samples", 2, 7, index),
        reason="invalid",
        detail="why not",
        key=b"k",
        value=b"\xff",
        headers=tuple(headers),
    )


WHY: list[Header] = [("__connect.errors.exception.message", b"why")]
# headers of records that ingest did not write
FOREIGN: list[list[Header]] = [
    [],
    OWN,
    [("fleetgauge.reason", b"invalid")],
    [("__connect.errors.topic", b"t"), ("__connect.errors.partition", b"0")],
    [*PRETENDED, ("__connect.errors.topic", b"t")],
    *([*PRETENDED[:-1], *WHY, ("fleetgauge.index", index)] for index in (b"x", b"2-1", b"0-9999")),
    [("__connect.errors.topic", b"t"), ("__connect.errors.partition", b"x")],
]


async def test_events_of_one_array_are_one_record_and_read_one_by_one() -> None:
    producer = Producer()
    waiting = [
        Rejection(Origin(record(b"[1]", offset=7), index), cast(Any, reason), detail)
        for index, reason, detail in [
            (0, "invalid", "no user"),
            (1, "future", "a clock"),
            (2, "invalid", "no agent"),
            (3, "invalid", "no user"),
        ]
    ]
    await DeadLetterSender(cast(Any, producer), "dead", 1_000).send(waiting)
    assert waiting == []
    found = [
        letters_of(record(sent["value"], headers=sent["headers"], topic="dead"))
        for sent in producer.taken
    ]
    assert [[(one.place.index, one.reason, one.detail) for one in each] for each in found] == [
        [(index, "invalid", "no user; no agent") for index in (0, 2, 3)],
        [(1, "future", "a clock")],
    ]


async def test_one_that_is_cut_is_not_whole() -> None:
    (found,) = letters_of(await written(record(b"v" * 1_001)))
    assert (found.is_whole, found.value) == (False, b"v" * 500)


@pytest.mark.parametrize("headers", FOREIGN)
def test_what_ingest_did_not_write(headers: list[Header]) -> None:
    assert letters_of(record(b"v", headers=headers)) == []


# a header, and the replays that it states
COUNTS: list[tuple[bytes | None, int]] = [(b"3", 3), (b"", 0), (None, 0), (b"-1", 0), (b"x", 0)]


@pytest.mark.parametrize(("value", "count"), COUNTS)
def test_how_often_it_was_replayed(value: bytes | None, count: int) -> None:
    assert letter(headers=[("fleetgauge.replays", value)]).replays == count
    assert letter().replays == 0


@given(
    st.from_regex(r"[A-Za-z0-9._-]{1,20}", fullmatch=True),
    st.integers(0, 99),
    st.integers(0, 2**53),
    st.none() | st.integers(0, 999),
)
def test_places_are_read_as_they_are_written(
    topic: str, partition: int, offset: int, index: int | None
) -> None:
    place = SourceRef(topic, partition, offset, index)
    assert SourceRef.parse(str(place)) == place


NO_PLACES = ["", "t", "t/0", "t/0/x", "t/0/1/2/3", "t t/0/1", "t/0/1\n", "/0/1"]


@pytest.mark.parametrize("text", NO_PLACES)
def test_what_is_no_place(text: str) -> None:
    with pytest.raises(ValueError, match="is not TOPIC/PARTITION/OFFSET"):
        SourceRef.parse(text)
