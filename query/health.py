"""Whether the process lives and whether requests can be answered."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Final

import msgspec
import psycopg
import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from query.clock import Clock
from query.database import Database, Overloaded, Rejected, Unreachable
from query.gate import PUBLIC
from schemas.responses import Live, Ready
from schemas.settings import DatabaseSettings
from sql.edition import EditionError
from sql.migrate import pending
from sql.session import UnusableDatabase

log = structlog.get_logger(__name__)

# Anybody may ask: the database is asked once for all of them.
KEPT_S: Final = 1.0
REJECTED: Final = "The database rejects this service: the log and `fleetgauge doctor` say why."


class Schema(msgspec.Struct, frozen=True):
    """Whether any migration ran."""

    present: bool


class Upkeep(msgspec.Struct, frozen=True):
    """When something that has to be done again and again last went well."""

    task: str
    succeeded_at: datetime | None
    is_overdue: bool


class Conservation(msgspec.Struct, frozen=True):
    """In how many buckets a level's sums differ from the platform's."""

    level: str
    buckets: int


# What a stranger may read, in place of a relation's name.
LEVEL_WORDS: Final = {
    "agent_metrics_5m": "hours of the 5-minute figures",
    "agent_metrics_1h": "hours of the hourly figures",
    "agent_metrics_1d": "days of the daily figures",
}


class Readiness:
    """Asks the database whether it is there and migrated, which is remembered, and kept up."""

    def __init__(
        self,
        settings: DatabaseSettings,
        database: Database,
        now: Clock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._database = database
        self._now = now
        self._clock = clock
        self._migrated = False
        self._asked: tuple[float, asyncio.Task[Ready]] | None = None

    async def state(self) -> Ready:
        """Whether requests can be answered, and what should be seen to although they can."""
        now = self._clock()
        if self._asked is None or (self._asked[1].done() and now - self._asked[0] >= KEPT_S):
            self._asked = (now, asyncio.create_task(self._ask()))
        return await asyncio.shield(self._asked[1])

    async def close(self) -> None:
        """Ends a question that nobody waits for any more."""
        if self._asked is not None:
            self._asked[1].cancel()
            await asyncio.gather(self._asked[1], return_exceptions=True)

    async def _ask(self) -> Ready:
        try:
            await self._database.fetch("has_migrations", Schema, {})
            reasons = [] if self._migrated else await self._migrations()
        except Overloaded:
            # Who is busy answers others: out of rotation, the rest would have more to do.
            return Ready(status="ok", reasons=[], warnings=[])
        except (psycopg.Error, Unreachable, EditionError) as error:
            log.warning("not ready", error=type(error).__name__, reason=str(error).split("\n")[0])
            is_rejected = isinstance(error, Rejected | UnusableDatabase)
            reasons = [REJECTED if is_rejected else "The database cannot be reached."]
        if reasons:
            return Ready(status="unavailable", reasons=reasons, warnings=[])
        return Ready(status="ok", reasons=[], warnings=await self._warnings())

    async def _warnings(self) -> list[str]:
        """No reason to take no requests: it is so for every process of this database."""
        try:
            tasks = await self._database.fetch("read_upkeep", Upkeep, {"now": self._now()})
            levels = await self._database.fetch("count_differences", Conservation, {})
        except (psycopg.Error, Overloaded, Unreachable):
            return []
        return [*_overdue(tasks), *_differing(levels)]

    async def _migrations(self) -> list[str]:
        missing = await asyncio.to_thread(pending, self._settings)
        self._migrated = not missing
        return [f"Migrations are pending: {', '.join(missing)}."] if missing else []


def _overdue(tasks: Sequence[Upkeep]) -> list[str]:
    overdue = ", ".join(_last_time(task) for task in tasks if task.is_overdue)
    return [f"Overdue: {overdue}. `fleetgauge doctor` tells more."] if overdue else []


def _differing(levels: Sequence[Conservation]) -> list[str]:
    """Figures that are wrong, and which."""
    differing = ", ".join(
        f"{LEVEL_WORDS[found.level]} ({found.buckets})" for found in levels if found.buckets
    )
    if not differing:
        return []
    return [
        f"Sums differ from the platform's: {differing}. "
        "`fleetgauge doctor` names the command that repairs them."
    ]


def _last_time(task: Upkeep) -> str:
    if task.succeeded_at is None:
        return f"{task.task} (never done)"
    return f"{task.task} (last done {task.succeeded_at:%Y-%m-%dT%H:%M:%SZ})"


def health(readiness: Readiness) -> list[HTTPRouteHandler]:
    """The routes that tell it."""

    @get(
        "/livez",
        opt=PUBLIC,
        sync_to_thread=False,
        security=[{}],
        operation_id="getLiveness",
        response_description="It runs",
        summary="Whether the process runs",
    )
    def livez() -> Live:
        """Always the same answer, without a look at the database."""
        return Live(status="ok")

    @get(
        "/readyz",
        opt=PUBLIC,
        security=[{}],
        operation_id="getReadiness",
        response_description="They can; there may be warnings",
        summary="Whether requests can be answered",
        responses={503: ResponseSpec(Ready, description="Why not", generate_examples=False)},
    )
    async def readyz() -> Response[Ready]:
        """200 where the database is there and migrated, else 503 and the reasons."""
        state = await readiness.state()
        is_ok = state.status == "ok"
        return Response(
            state, status_code=HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
        )

    return [livez, readyz]
