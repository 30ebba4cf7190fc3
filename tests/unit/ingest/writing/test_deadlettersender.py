"""What is sent to the dead letters; a rejection by the broker is raised only once."""

import asyncio
import gc
from contextlib import suppress
from typing import Any, cast

import pytest
from aiokafka.errors import KafkaTimeoutError

from ingest.record import Record
from ingest.rejection import Origin, Rejection
from ingest.writing.deadlettersender import MAX_DETAIL_CHARACTERS, DeadLetterSender
from tests.unit.ingest.records import record


class Producer:
    """Takes what aiokafka's producer takes, and acknowledges; `failures` by place."""

    def __init__(self, failures: dict[int, Exception] | None = None) -> None:
        self.failures = failures or {}
        self.taken: list[dict[str, Any]] = []

    async def send(self, topic: str, **parts: Any) -> "asyncio.Future[None]":
        assert parts["value"] is not None or parts["key"] is not None
        failure = self.failures.get(len(self.taken))
        self.taken.append({"topic": topic, **parts})
        if isinstance(failure, OSError):
            raise KafkaTimeoutError
        acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if failure is None:
            acknowledged.set_result(None)
        else:
            acknowledged.set_exception(failure)
        return acknowledged


def letters(producer: Producer) -> DeadLetterSender:
    return DeadLetterSender(cast(Any, producer), "dead", 10_000)


def rejection(of: Record, index: int | None = None, detail: str = "why") -> Rejection:
    return Rejection(Origin(of, index), "invalid", detail)


async def test_original_key_value_and_headers_and_why() -> None:
    producer = Producer()
    original = record(b"\xff", offset=7, partition=2, key=b"k", headers=[("a", b"1"), ("n", None)])
    await letters(producer).send([rejection(original, index=3)])
    assert producer.taken == [
        {
            "topic": "dead",
            "value": b"\xff",
            "key": b"k",
            "headers": [
                ("a", b"1"),
                ("n", None),
                ("__connect.errors.topic", b"fleet.samples"),
                ("__connect.errors.partition", b"2"),
                ("__connect.errors.offset", b"7"),
                ("__connect.errors.exception.message", b"why"),
                ("fleetgauge.reason", b"invalid"),
                ("fleetgauge.index", b"3"),
            ],
        }
    ]


NOTHINGS = [
    ("tombstone", record(None, key=b"k"), (b"k", None)),
    ("no key", record(b"v", key=None), (None, b"v")),
    ("neither", record(None, key=None), (None, b"")),
]


@pytest.mark.parametrize(
    ("of", "key_and_value"), [c[1:] for c in NOTHINGS], ids=[c[0] for c in NOTHINGS]
)
async def test_records_with_parts_missing(
    of: Record, key_and_value: tuple[bytes | None, bytes | None]
) -> None:
    producer = Producer()
    await letters(producer).send([rejection(of)])
    ((key, value),) = [(parts["key"], parts["value"]) for parts in producer.taken]
    assert (key, value) == key_and_value


@pytest.mark.parametrize(
    ("detail", "expected"),
    [("ü" * 1_500, "ü" * MAX_DETAIL_CHARACTERS), ("a\ud800b", "a?b")],
)
async def test_details_are_cut_and_always_text(detail: str, expected: str) -> None:
    producer = Producer()
    await letters(producer).send([rejection(record(b"v"), detail=detail)])
    headers = dict(producer.taken[0]["headers"])
    assert headers["__connect.errors.exception.message"].decode() == expected


async def test_an_event_that_is_a_whole_message_has_no_index() -> None:
    producer = Producer()
    await letters(producer).send([rejection(record(b"v"))])
    assert "fleetgauge.index" not in dict(producer.taken[0]["headers"])


@pytest.mark.parametrize(
    "failures",
    [
        {0: KafkaTimeoutError(), 2: KafkaTimeoutError()},
        {0: KafkaTimeoutError(), 1: OSError("refused at once")},
    ],
)
async def test_a_refusal_is_raised_and_leaves_no_fault_in_asyncio(
    failures: dict[int, Exception], caplog: pytest.LogCaptureFixture
) -> None:
    assert await is_refused(Producer(failures))
    gc.collect()
    await asyncio.sleep(0)
    assert caplog.text == ""


async def is_refused(producer: Producer) -> bool:
    """Whether sending raises; nothing of the exception is kept."""
    try:
        await letters(producer).send([rejection(record(b"v")) for _ in range(3)])
    except KafkaTimeoutError:
        return True
    return False


async def test_nothing_to_send() -> None:
    await letters(Producer()).send([])


@pytest.mark.parametrize(
    ("failures", "left"),
    [
        ({1: KafkaTimeoutError()}, [1]),
        ({0: KafkaTimeoutError(), 3: KafkaTimeoutError()}, [0, 3]),
        ({2: OSError("refused at once")}, [2, 3]),
        ({0: KafkaTimeoutError(), 1: OSError("refused at once")}, [0, 1, 2, 3]),
        ({}, []),
    ],
)
async def test_what_is_acknowledged_does_not_wait_any_more(
    failures: dict[int, Exception], left: list[int]
) -> None:
    waiting = [rejection(record(b"v", offset=offset)) for offset in range(4)]
    with suppress(KafkaTimeoutError):
        await letters(Producer(failures)).send(waiting)
    assert [letter.origin.record.offset for letter in waiting] == left
