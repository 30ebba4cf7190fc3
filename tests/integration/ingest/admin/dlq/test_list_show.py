"""`fleetgauge dlq list` and `show` on the real broker."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from aiokafka.admin import NewTopic
from click.testing import CliRunner

from fleetgauge import main
from ingest.admin.dlq.filter import Filter
from schemas.settings import KafkaSettings
from tests.integration.ingest.admin.dlq.letters import found, refused, write
from tests.integration.ingest.admin.test_topics import admin
from tests.support.kafka import Put, put
from tests.support.stack import Stack
from tests.unit.ingest.records import record

Environment = Callable[..., dict[str, str]]


@pytest.fixture
async def some(dead_letters: KafkaSettings) -> KafkaSettings:
    """Six dead letters: two of one array, one duplicate, one of a business event."""
    samples, events = dead_letters.samples_topic, dead_letters.events_topic
    array = record(b'[{"a":1},{"b":2.50},{"c":3}]', topic=samples, partition=1, offset=5)
    twice = refused(record(b"{", topic=samples, offset=3), "malformed")
    await write(
        dead_letters,
        [
            refused(array, "future", 0),
            refused(array, "invalid", 1, "Object missing required field `ts`"),
            twice,
            refused(record(b"\x80", topic=events, offset=4, partition=2), "expired"),
            twice,
        ],
    )
    return dead_letters


async def output(env: dict[str, str], *words: str, code: int = 0) -> str:
    """What a command prints, and it ends with that code."""
    invoked = partial(CliRunner().invoke, main, ["dlq", *words], env=env)
    result = await asyncio.to_thread(invoked)
    assert result.exit_code == code, result.output
    return result.output


async def test_filters(some: KafkaSettings) -> None:
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    cases: list[tuple[Filter, list[int]]] = [
        (Filter(), [0, 1, 2, 3, 4]),
        (Filter(reasons=["malformed"]), [2, 4]),
        (Filter(reasons=["future", "expired"]), [0, 3]),
        (Filter(reasons=["too_large"]), []),
        (Filter(partition=1), [0, 1]),
        (Filter(topic=some.events_topic), [3]),
        (Filter(topic=some.events_topic, partition=1), []),
        (Filter(since=now - hour), [0, 1, 2, 3, 4]),
        (Filter(since=now + hour), []),
        (Filter(until=now - hour), []),
        (Filter(until=now + hour, reasons=["malformed"]), [2, 4]),
    ]
    for wanted, expected in cases:
        assert [letter.offset for letter in await found(some, wanted)] == expected, wanted


async def test_times_are_those_of_the_refusal(dead_letters: KafkaSettings) -> None:
    for offset in range(3):
        await write(dead_letters, [refused(record(b"{", offset=offset))])
    first, second, third = [letter.at for letter in await found(dead_letters)]
    assert first < second < third
    cases = [
        (Filter(since=second), [1, 2]),
        (Filter(until=second), [0]),
        (Filter(since=second, until=third), [1]),
    ]
    for wanted, expected in cases:
        assert [letter.offset for letter in await found(dead_letters, wanted)] == expected


async def test_all_partitions_are_read(kafka: KafkaSettings, stack: Stack) -> None:
    """Of dead letters that an operator has spread."""
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(kafka.deadletter_topic, 3, 1)])
    rejections = [refused(record(b"{", offset=n, key=str(n).encode())) for n in range(30)]
    await write(kafka, rejections)
    letters = await found(kafka)
    assert {letter.partition for letter in letters} == {0, 1, 2}
    assert sorted(letter.place.offset for letter in letters) == list(range(30))


async def test_lines_for_programs(dlq_environment: Environment, some: KafkaSettings) -> None:
    words = ("--since", "1h", "--reason", "malformed", "--reason", "future", "--limit", "2")
    lines = (await output(dlq_environment(), "list", "--json", *words)).splitlines()
    assert [json.loads(line)["deadLetter"] for line in lines] == ["0:2", "0:4"]


@pytest.mark.usefixtures("some")
async def test_a_table(dlq_environment: Environment) -> None:
    shown = await output(dlq_environment(), "list", "--limit", "2")
    *_, last = shown.strip().splitlines()
    counted = "5 in total: 2 malformed, 1 future, 1 invalid, 1 expired"
    assert last == f"{counted}; 3 older ones are not listed"
    assert shown.count("malformed  ") == 1
    assert shown.count("expired  ") == 1


async def test_nothing_there(dlq_environment: Environment, dead_letters: KafkaSettings) -> None:
    assert await output(dlq_environment(), "list") == "no dead letters\n"
    assert await output(dlq_environment(), "list", "--json") == ""
    shown = await output(dlq_environment(), "show", "0:0", code=1)
    assert "no dead letter at 0:0" in shown


async def test_one_by_where_the_original_was(
    dlq_environment: Environment, some: KafkaSettings
) -> None:
    place = f"{some.samples_topic}/1/5/1"
    shown = await output(dlq_environment(), "show", place)
    assert f"from         {place}\n" in shown
    assert "reason       invalid\nmessage      Object missing required field `ts`\n" in shown
    assert '\nevent 1\n{\n  "b": 2.50\n}\n' in shown
    assert '\nvalue, 28 bytes\n[\n  {\n    "a": 1\n' in shown
    both = await output(dlq_environment(), "show", f"{some.samples_topic}/1/5")
    assert "\nevent 0\n" in both
    assert "\nevent 1\n" in both
    twice = await output(dlq_environment(), "show", f"{some.samples_topic}/0/3")
    assert twice.count("reason       malformed") == 1


async def test_one_by_its_own_place(dlq_environment: Environment, some: KafkaSettings) -> None:
    shown = await output(dlq_environment(), "show", "0:3")
    assert f"from         {some.events_topic}/2/4\ndead letter  0:3, " in shown
    assert "\n00000000  80 " in shown
    assert "no dead letter at" in await output(dlq_environment(), "show", "0:5", code=1)
    assert "no dead letter at" in await output(dlq_environment(), "show", "1:0", code=1)


async def test_events_that_share_one_are_listed_and_shown_each(
    dlq_environment: Environment, dead_letters: KafkaSettings
) -> None:
    array = record(b'[{"a":1},{"b":2},{"c":3}]', topic=dead_letters.samples_topic, offset=5)
    await write(dead_letters, [refused(array, index=index) for index in (0, 2)])
    listed = [
        json.loads(line)
        for line in (await output(dlq_environment(), "list", "--json")).splitlines()
    ]
    assert [(one["index"], one["deadLetter"]) for one in listed] == [(0, "0:0"), (2, "0:0")]
    shown = await output(dlq_environment(), "show", "0:0")
    assert '\nevent 0\n{\n  "a": 1\n}\n' in shown
    assert '\nevent 2 of the same value\nreplayed     no\n{\n  "c": 3\n}' in shown
    assert shown.count("value, 25 bytes") == 1


async def test_what_ingest_did_not_write_is_passed_over(
    stack: Stack, dlq_environment: Environment, some: KafkaSettings
) -> None:
    await put(stack, some.deadletter_topic, [Put(b"{}", b"k", (("fleetgauge.reason", b"x"),))])
    assert len(await found(some)) == 5
    await output(dlq_environment(), "show", "0:5", code=1)


WRONG = [
    (("list", "--reason", "bad"), "is not one of"),
    (("list", "--since", "yesterday"), "since takes a time with a UTC offset"),
    (("list", "--limit", "0"), "is not in the range"),
    (("show", "here"), "is not TOPIC/PARTITION/OFFSET"),
    (("replay",), "give either --reason or --all"),
    (("replay", "--all", "--reason", "invalid"), "give either --reason or --all"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
async def test_words_that_cannot_be_used(words: tuple[str, ...], sentence: str) -> None:
    variables = {"FLEETGAUGE_KAFKA_BOOTSTRAP": "127.0.0.1:1", "COLUMNS": "200"}
    assert sentence in await output(variables, *words, code=2)


async def test_without_the_topics(dlq_environment: Environment) -> None:
    missing = dlq_environment(FLEETGAUGE_DEADLETTER_TOPIC="test-nowhere")
    shown = await output(missing, "list", code=1)
    assert "topic test-nowhere.replayed is missing: run 'fleetgauge migrate'" in shown
