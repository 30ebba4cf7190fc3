"""Everything a case has sent, by where the broker put it, and the account of what became of it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import psycopg
from aiokafka import AIOKafkaProducer, TopicPartition

from schemas.events import Event, Sample
from tests.faults.account import Account
from tests.faults.audit import Log, audit
from tests.faults.deadletters import Place, dead_letters
from tests.faults.identity import (
    Key,
    entity,
    identity,
    row,
    stored_rows,
    stored_timeline_rows,
    timeline_rows,
)
from tests.support.aggregates import check_aggregates
from tests.support.oracle import all_stored, log_ends
from tests.support.stack import Stack, Topics

IN_FLIGHT = 5_000


@dataclass(frozen=True)
class Message:
    """One record to send, and the events that it carries.

    An array's events are in `events` by their index, a single event alone; None stands for what is
    no event at all. `refused` are the indexes of events that have to end in the dead letters
    besides: too old, or in the future.
    """

    topic: str
    value: bytes | None
    key: bytes | None
    events: Sequence[Event | None]
    is_array: bool = False
    refused: frozenset[int] = frozenset()
    headers: Sequence[tuple[str, bytes]] = ()
    partition: int | None = None


class _Entry(NamedTuple):
    place: Place
    event: Event | None
    is_refused: bool


@dataclass
class Ledger:
    """What was sent. `settle` holds it against the tables, the dead letters and the audit."""

    stack: Stack
    database: str
    topics: Topics
    producer: AIOKafkaProducer
    record: Callable[[Account], None]
    entries: list[_Entry] = field(default_factory=list)

    async def send(self, events: Iterable[Event]) -> None:
        """Sends events, one a message, as agents do; returns when the broker has them all."""
        await self.put(message(event, self.topics) for event in events)

    async def put(self, messages: Iterable[Message]) -> None:
        """Sends messages in their order; returns when the broker has them all."""
        waiting: list[tuple[Message, asyncio.Future[Any]]] = []
        for one in messages:
            headers = list(one.headers)
            future = await self.producer.send(
                one.topic, one.value, one.key, one.partition, headers=headers
            )
            waiting.append((one, future))
            if len(waiting) == IN_FLIGHT:
                await self._enter(waiting)
        await self._enter(waiting)

    async def _enter(self, waiting: list[tuple[Message, asyncio.Future[Any]]]) -> None:
        for sent, future in waiting:
            where = await future
            for index, event in enumerate(sent.events):
                place = Place(
                    TopicPartition(where.topic, where.partition),
                    where.offset,
                    index if sent.is_array else None,
                )
                is_refused = event is None or index in sent.refused
                self.entries.append(_Entry(place, event, is_refused))
        waiting.clear()

    def enter(self, place: Place, event: Event | None, *, is_refused: bool) -> None:
        """Notes what was put there in another way."""
        self.entries.append(_Entry(place, event, is_refused))

    async def all_stored(self, deadline_s: float = 600.0) -> None:
        """Returns when the stored offsets have reached the end of both topics."""
        await all_stored(self.stack, self.database, self.topics, deadline_s)

    async def settle(self) -> Account:
        """Records the account, and asserts that nothing is lost, doubled, refused without a reason.

        The aggregates are held against the raw rows besides.
        """
        await self._assert_log_is_ours()
        found = await dead_letters(self.stack, self.topics)
        with psycopg.connect(self.database, options="-c timezone=UTC") as connection:
            settled = _settle(self.entries, set(found), connection)
        self.record(settled.account)
        expected = {entry.place for entry in self.entries if entry.is_refused}
        troubles = [
            *settled.troubles,
            *_describe("refused, and should not have been", found.keys() - expected),
            *_describe("not refused, and should have been", expected - found.keys()),
        ]
        assert not troubles, "\n".join(troubles)
        check_aggregates(self.database)
        return settled.account

    async def _assert_log_is_ours(self) -> None:
        known: Counter[TopicPartition] = Counter()
        for entry in self.entries:
            place = entry.place
            known[place.partition] = max(known[place.partition], place.offset + 1)
        ends = await log_ends(self.stack, [self.topics.samples, self.topics.events])
        strange = {tp: end for tp, end in ends.items() if end != known[tp]}
        assert not strange, f"the log has records that the ledger has not: {strange}"


@asynccontextmanager
async def open_ledger(
    stack: Stack, database: str, topics: Topics, record: Callable[[Account], None]
) -> AsyncIterator[Ledger]:
    """A ledger with its own producer, whose every record is in the log once."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.kafka_bootstrap,
        linger_ms=10,
        enable_idempotence=True,
        max_request_size=8 * 1024**2,
    )
    await producer.start()
    try:
        yield Ledger(stack, database, topics, producer, record)
    finally:
        await producer.stop()


def message(event: Event, topics: Topics) -> Message:
    """An event as agents send it: alone, by JSON, under its partition key."""
    of_agent = isinstance(event, Sample)
    return Message(
        topic=topics.samples if of_agent else topics.events,
        value=msgspec.json.encode(event),
        key=(event.agent_id if isinstance(event, Sample) else event.user_id).encode(),
        events=[event],
    )


@dataclass(frozen=True)
class _Settled:
    account: Account
    troubles: list[str]


def _settle(
    entries: Iterable[_Entry], refused: Set[Place], connection: psycopg.Connection[Any]
) -> _Settled:
    kept, dead = _part(entries, refused)
    in_order = [event for _, event in sorted(kept, key=lambda placed: placed[0].order)]
    of_one: dict[Key, list[Event]] = defaultdict(list)
    for event in in_order:
        of_one[entity(event)].append(event)
    due = {row(events): events for events in of_one.values()}
    stored = stored_rows(connection)
    missing = [events for one, events in due.items() if one not in stored]
    strange = stored - due.keys()
    due_timeline, stored_timeline = timeline_rows(in_order), stored_timeline_rows(connection)
    forgotten, invented = due_timeline - stored_timeline, stored_timeline - due_timeline
    audited = audit(connection, _log(kept))
    # What is missing was passed over as well: it counts once.
    passed = audited.passed - Counter(entity(event) for events in missing for event in events)
    produced = sum(map(_identities, due.values()))
    account = Account(
        produced=produced + len(dead),
        stored=produced - sum(map(_identities, missing)),
        dead_lettered=len(dead),
        lost=sum(map(_identities, missing)) + passed.total() + len(forgotten),
        doubled=len(strange) + len(invented) + audited.beyond.total() + audited.moved_back,
    )
    return _Settled(
        account,
        [
            *_describe("not in the tables", [entity(events[0]) for events in missing]),
            *_describe("in the tables, and never sent so", strange),
            *_describe("not in the timeline", forgotten),
            *_describe("in the timeline, and never sent so", invented),
            *_describe("moved over by a transaction that did not write it", passed),
            *_describe("written by a transaction that did not move over it", audited.beyond),
            *([f"{audited.moved_back} offsets were moved back"] if audited.moved_back else []),
        ],
    )


def _part(
    entries: Iterable[_Entry], refused: Set[Place]
) -> tuple[list[tuple[Place, Event]], set[Key]]:
    """What has to be stored, and the identities of what was refused and never sent otherwise."""
    kept = [(e.place, e.event) for e in entries if e.event is not None and e.place not in refused]
    gone = [e for e in entries if e.place in refused]
    identities = {identity(e.event) if e.event is not None else _unknown(e.place) for e in gone}
    return kept, identities - {identity(event) for _, event in kept}


def _unknown(place: Place) -> Key:
    return ("unknown", *map(str, place.order))


def _identities(events: Sequence[Event]) -> int:
    return len(set(map(identity, events)))


def _log(kept: Iterable[tuple[Place, Event]]) -> Log:
    log: dict[TopicPartition, dict[int, set[Key]]] = defaultdict(lambda: defaultdict(set))
    for place, event in kept:
        log[place.partition][place.offset].add(entity(event))
    return log


def _describe(what: str, found: Collection[Any]) -> list[str]:
    return [f"{len(found)} {what}, such as {next(iter(found))}"] if found else []
