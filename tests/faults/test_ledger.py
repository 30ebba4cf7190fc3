"""The ledger and the audit themselves see what is done wrong, here by hand."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from schemas.events import Payment, Status
from tests.faults.account import Account
from tests.faults.ledger import Ledger

Connection = psycopg.Connection[Any]
TS = datetime(2026, 3, 10, tzinfo=UTC)
SENT = [
    Payment(user_id="u", ts=TS, payment_id=str(number), amount=number, currency="USD")
    for number in range(5)
]


def store(connection: Connection, numbers: range, to: int) -> None:
    """Writes these payments and moves the offset, in one transaction."""
    for number in numbers:
        connection.execute(
            "insert into payments values ('u', %s, %s, %s, 'USD') on conflict do nothing",
            [str(number), TS, number],
        )
    connection.execute("update ingest_offsets set next_offset = %s", [to])
    connection.commit()


def well(connection: Connection) -> None:
    store(connection, range(3), to=3)
    store(connection, range(3, 5), to=5)


def one_twice(connection: Connection) -> None:
    store(connection, range(3), to=3)
    store(connection, range(2, 5), to=5)


def moved_back(connection: Connection) -> None:
    store(connection, range(5), to=5)
    store(connection, range(0), to=3)
    store(connection, range(3, 5), to=5)


def one_passed_over(connection: Connection) -> None:
    store(connection, range(3), to=3)
    store(connection, range(4, 5), to=5)


def one_never_sent(connection: Connection) -> None:
    store(connection, range(6), to=5)


def one_too_late(connection: Connection) -> None:
    store(connection, range(2), to=3)
    store(connection, range(2, 5), to=5)


def one_in_the_timeline_never_sent(connection: Connection) -> None:
    connection.execute("insert into status_events values ('u', %s, 'a', 'failed', 'no')", [TS])
    well(connection)


CASES: list[tuple[Callable[[Connection], None], Account, str]] = [
    (well, Account(5, 5, 0, 0, 0), ""),
    (one_twice, Account(5, 5, 0, 0, 1), "1 written by a transaction that did not move over it"),
    (moved_back, Account(5, 5, 0, 0, 1), "1 offsets were moved back"),
    (one_passed_over, Account(5, 4, 0, 1, 0), "1 not in the tables"),
    (one_never_sent, Account(5, 5, 0, 0, 2), "1 in the tables, and never sent so"),
    (one_in_the_timeline_never_sent, Account(5, 5, 0, 0, 1), "1 in the timeline, and never sent"),
    (one_too_late, Account(5, 5, 0, 1, 1), "1 moved over by a transaction that did not write it"),
]


@pytest.mark.parametrize(("happens", "account", "message"), CASES)
async def test_what_is_wrong_is_reported(
    happens: Callable[[Connection], None],
    account: Account,
    message: str,
    ledger: Ledger,
    database: str,
) -> None:
    recorded: list[Account] = []
    ledger.record = recorded.append
    await ledger.send(SENT)
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into ingest_offsets values (%s, %s, 0, 1, 'cluster')",
            [*ledger.entries[0].place.partition],
        )
        happens(connection)
    fails: AbstractContextManager[object] = (
        pytest.raises(AssertionError, match=message) if message else nullcontext()
    )
    with fails:
        await ledger.settle()
    assert recorded == [account]


async def test_a_status_event_that_is_not_in_the_timeline_is_lost(
    ledger: Ledger, database: str
) -> None:
    recorded: list[Account] = []
    ledger.record = recorded.append
    failed = Status(user_id="u", ts=TS, agent_id="a", status="failed", reason="x")
    await ledger.send([failed])
    with psycopg.connect(database) as connection:
        connection.execute(
            "insert into ingest_offsets values (%s, %s, 0, 1, 'cluster')",
            [*ledger.entries[0].place.partition],
        )
        connection.execute("insert into agents (user_id, agent_id) values ('u', 'a')")
        connection.execute(
            "insert into agent_states (agent_key, ts, status)"
            " select agent_key, %s, 'failed' from agents",
            [TS],
        )
        connection.execute("update ingest_offsets set next_offset = 1")
    with pytest.raises(AssertionError, match="1 not in the timeline"):
        await ledger.settle()
    assert recorded == [Account(1, 1, 0, 1, 0)]
