"""A user's business as text: lines become events, which the real writer stores, and a response."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import psycopg
from psycopg import AsyncConnection
from psycopg.rows import class_row

from ingest.batch import AgentKeys
from ingest.reading.writepriority import WritePriority
from ingest.writing.batchbuilder import build_batch
from ingest.writing.events import store_events
from query.summary import Business, moments_of, summary_of
from schemas.events import Booking, Event, Fan, Payment, Play, Skill
from sql.named import query
from tests.unit.ingest.records import decoded


def moment(text: str) -> datetime:
    """A time in UTC: `2026-03-10`, `2026-03-10T14:35`."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def events_of(text: str, user: str) -> list[Event]:
    """The events of a line, separated by `;`:

    `pay TIME MINOR [CURRENCY]`, `book ID TIME STATUS`, `fan ID TIME SEGMENT`,
    `play LISTENER TIME [COUNT]`, `skill ID TIME on|off`. A payment's or play's id is its position.
    """
    lines = [line.split() for line in text.split(";") if line.strip()]
    return [_MAKE[kind](user, str(place), *words) for place, (kind, *words) in enumerate(lines)]


def _payment(user: str, place: str, ts: str, amount: str, currency: str = "USD") -> Event:
    return Payment(
        user_id=user, payment_id=place, ts=moment(ts), amount=int(amount), currency=currency
    )


def _booking(user: str, _: str, booking: str, ts: str, status: str) -> Event:
    return Booking(user_id=user, booking_id=booking, ts=moment(ts), status=cast(Any, status))


def _fan(user: str, _: str, fan: str, ts: str, segment: str) -> Event:
    return Fan(user_id=user, fan_id=fan, ts=moment(ts), segment=cast(Any, segment))


def _play(user: str, place: str, listener: str, ts: str, count: str = "1") -> Event:
    return Play(user_id=user, play_id=place, listener_id=listener, ts=moment(ts), count=int(count))


def _skill(user: str, _: str, skill: str, ts: str, switch: str) -> Event:
    return Skill(user_id=user, skill_id=skill, ts=moment(ts), active=switch == "on")


_MAKE: dict[str, Callable[..., Event]] = {
    "pay": _payment,
    "book": _booking,
    "fan": _fan,
    "play": _play,
    "skill": _skill,
}


async def open_writer(url: str) -> AsyncConnection[Any]:
    """A connection like ingest's, but in a time zone whose days differ from UTC's."""
    return await psycopg.AsyncConnection.connect(
        url, autocommit=True, options="-c timezone=Pacific/Auckland"
    )


async def store(connection: AsyncConnection[Any], batches: Iterable[Sequence[Event]]) -> None:
    """Writes each batch in its own transaction, as ingest does."""
    for events in batches:
        async with connection.transaction():
            await store_events(
                connection, build_batch(decoded(events), AgentKeys()), WritePriority()
            )


async def answer(connection: AsyncConnection[Any], user: str, now: datetime) -> Any:
    """The service's response for a user at a given time, as parsed JSON."""
    parameters = {"user_id": user, **msgspec.structs.asdict(moments_of(now))}
    async with connection.cursor(row_factory=class_row(Business)) as cursor:
        await cursor.execute(query("summary"), parameters)
        (business,) = await cursor.fetchall()
    return msgspec.json.decode(msgspec.json.encode(summary_of(business)))


def flat(nested: dict[str, Any], path: str = "") -> dict[str, Any]:
    """`{"fans": {"total": 3}}` as `{"fans.total": 3}`."""
    found: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, dict):
            found |= flat(value, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = value
    return found
