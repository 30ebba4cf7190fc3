"""Clock checks before deletion: the database's clock against the host's and the newest sample."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from psycopg import AsyncConnection

from sql.named import query

Connection = AsyncConnection[Any]

# Synchronized clocks differ by far less, even over a slow link.
TOLERANCE: Final = timedelta(minutes=5)
# A sample may be 5 minutes ahead of the broker's clock, and that clock 5 ahead of the database's.
SAMPLE_TOLERANCE: Final = 2 * TOLERANCE
HINT: Final = "correct the wrong clock: run 'timedatectl set-ntp true' on its machine"


class ClockError(Exception):
    """Clocks differ, so nothing is deleted. The message names both times and the fix."""


@dataclass(frozen=True, slots=True)
class Clocks:
    """The same time read from two clocks: this host's and the database's."""

    host: datetime
    database: datetime


ReadClocks = Callable[[Connection], Awaitable[Clocks]]


@dataclass(frozen=True, slots=True)
class Age:
    """The time from which the age of stored rows is measured.

    `now` is the database's clock. `before` is the earlier of `now` and the newest sample, so that
    a wrong clock cannot delete the data of an idle fleet. It is None if there are no samples:
    then nothing is deleted.
    """

    now: datetime
    newest_sample: datetime | None

    @property
    def before(self) -> datetime | None:
        return None if self.newest_sample is None else min(self.now, self.newest_sample)


async def read_clocks(connection: Connection) -> Clocks:
    """Reads both clocks, at most a round trip apart; raises psycopg's errors."""
    cursor = await connection.execute(query("read_clock"))
    ((database,),) = await cursor.fetchall()
    return Clocks(datetime.now(UTC), database)


async def read_age(connection: Connection, clocks: Clocks) -> Age:
    """Returns the reference time for deletion.

    Raises ClockError if a clock is wrong, and psycopg's errors.
    """
    check_clocks(clocks)
    cursor = await connection.execute(query("read_newest_sample"))
    found = await cursor.fetchone()
    age = Age(clocks.database, found[0] if found else None)
    if age.newest_sample is not None and age.newest_sample - age.now > SAMPLE_TOLERANCE:
        user_id, agent_id = found[1:] if found else ("", "")
        raise ClockError(
            f"the newest sample (agent {agent_id} of user {user_id}) has the time "
            f"{_shown(age.newest_sample)}, {_span(age.newest_sample - age.now)} ahead of the "
            f"database's clock ({_shown(age.now)}): nothing is deleted. If the clock is wrong, "
            f"correct it ('timedatectl set-ntp true'); if the sample is wrong, erase the agent's "
            f"data ('fleetgauge erase --user {user_id} --agent {agent_id}')"
        )
    return age


def check_clocks(clocks: Clocks) -> None:
    """Raises ClockError if this host's clock and the database's differ by over 5 minutes."""
    ahead = clocks.host - clocks.database
    if abs(ahead) > TOLERANCE:
        raise ClockError(
            f"this host's clock ({_shown(clocks.host)}) is {_span(abs(ahead))} "
            f"{'ahead of' if ahead > timedelta(0) else 'behind'} the database's "
            f"({_shown(clocks.database)}): nothing is deleted until they agree within "
            f"5 minutes; {HINT}"
        )


def _shown(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _span(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))
