"""Liveness and readiness."""

import asyncio
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

import msgspec
import psycopg
import structlog
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from query.clock import Clock
from query.database import Overloaded, QueryPool, Rejected, Unreachable
from query.middleware import PUBLIC
from schemas.responses import Live, Ready
from schemas.settings import DatabaseSettings
from sql.edition import EditionError
from sql.migrate import pending
from sql.session import UnusableDatabase

log = structlog.get_logger(__name__)

# The route is public: concurrent requests share one query, and unavailability and warnings are
# cached for a second.
KEPT_S: Final = 1.0
# Public text: names, versions and errors are only in the log and in `fleetgauge doctor`.
PENDING: Final = "Migrations are pending: run `fleetgauge migrate`."
REJECTED: Final = "The database rejects this service: the log and `fleetgauge doctor` say why."


class Schema(msgspec.Struct, frozen=True):
    """Whether any migration has run."""

    present: bool


class Overdue(msgspec.Struct, frozen=True):
    """Number of periodic tasks whose last success is too long ago."""

    tasks: int


class Conservation(msgspec.Struct, frozen=True):
    """Number of buckets in which a level's sums differ from the platform's."""

    level: str
    buckets: int


# Public names of the relations.
LEVEL_WORDS: Final = {
    "agent_metrics_5m": "hours of the 5-minute figures",
    "agent_metrics_1h": "hours of the hourly figures",
    "agent_metrics_1d": "days of the daily figures",
}


class Readiness:
    """Checks that the database is reachable, migrated (cached once true) and maintained."""

    def __init__(
        self,
        settings: DatabaseSettings,
        database: QueryPool,
        now: Clock,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._database = database
        self._now = now
        self._clock = clock
        self._migrated = False
        self._question: asyncio.Task[Ready] | None = None
        self._unavailable: tuple[float, Ready] | None = None
        self._warned: tuple[float, list[str]] | None = None

    async def state(self) -> Ready:
        """Whether requests can be answered, and warnings."""
        # Readiness is not cached: it would outlive the database.
        if self._unavailable is not None and self._clock() - self._unavailable[0] < KEPT_S:
            return self._unavailable[1]
        if self._question is None or self._question.done():
            self._question = asyncio.create_task(self._ask())
        return await asyncio.shield(self._question)

    async def close(self) -> None:
        """Cancels a running check."""
        if self._question is not None:
            self._question.cancel()
            await asyncio.gather(self._question, return_exceptions=True)

    async def _ask(self) -> Ready:
        try:
            await self._database.fetch("has_migrations", Schema, {})
            reasons = [] if self._migrated else await self._migrations()
        except Overloaded:
            # A busy process is still ready: taking it out would overload the others.
            return Ready(status="ok", reasons=[], warnings=[])
        except (psycopg.Error, Unreachable, EditionError) as error:
            log.warning("not ready", error=type(error).__name__, reason=str(error).split("\n")[0])
            is_rejected = isinstance(error, Rejected | UnusableDatabase)
            reasons = [REJECTED if is_rejected else "The database cannot be reached."]
        if reasons:
            unavailable = Ready(status="unavailable", reasons=reasons, warnings=[])
            self._unavailable = (self._clock(), unavailable)
            return unavailable
        return Ready(status="ok", reasons=[], warnings=await self._warnings())

    async def _warnings(self) -> list[str]:
        """Warnings do not make a process unready, since every process of this database has them."""
        now = self._clock()
        if self._warned is None or now - self._warned[0] >= KEPT_S:
            self._warned = (now, await self._find_warnings())
        return self._warned[1]

    async def _find_warnings(self) -> list[str]:
        try:
            now = {"now": self._now()}
            (overdue,) = await self._database.fetch("count_overdue_tasks", Overdue, now)
            levels = await self._database.fetch("count_differences", Conservation, {})
        except (psycopg.Error, Overloaded, Unreachable):
            return []
        return [*_overdue(overdue.tasks), *_differing(levels)]

    async def _migrations(self) -> list[str]:
        missing = await asyncio.to_thread(pending, self._settings)
        self._migrated = not missing
        if missing:
            log.warning("not ready", pending=missing, hint="fleetgauge migrate")
        return [PENDING] if missing else []


def _overdue(count: int) -> list[str]:
    if not count:
        return []
    tasks_are = "1 task is" if count == 1 else f"{count} tasks are"
    return [f"Upkeep: {tasks_are} overdue. `fleetgauge doctor` has the details."]


def _differing(levels: Sequence[Conservation]) -> list[str]:
    """The levels whose sums are wrong."""
    differing = ", ".join(
        f"{LEVEL_WORDS[found.level]} ({found.buckets})" for found in levels if found.buckets
    )
    if not differing:
        return []
    return [
        f"Sums differ from the platform's: {differing}. "
        "`fleetgauge doctor` names the command that repairs them."
    ]


def health(readiness: Readiness) -> list[HTTPRouteHandler]:
    """The routes `/livez` and `/readyz`."""

    @get(
        "/livez",
        opt=PUBLIC,
        sync_to_thread=False,
        security=[{}],
        operation_id="getLiveness",
        response_description="The process runs",
        summary="Whether the process runs",
    )
    def livez() -> Live:
        """Always the same answer, independent of the database."""
        return Live(status="ok")

    @get(
        "/readyz",
        opt=PUBLIC,
        security=[{}],
        operation_id="getReadiness",
        response_description="Ready; there may be warnings",
        summary="Whether requests can be answered",
        responses={503: ResponseSpec(Ready, description="Not ready", generate_examples=False)},
    )
    async def readyz() -> Response[Ready]:
        """200 if the database is reachable and migrated, otherwise 503 with the reasons."""
        state = await readiness.state()
        is_ok = state.status == "ok"
        return Response(
            state, status_code=HTTPStatus.OK if is_ok else HTTPStatus.SERVICE_UNAVAILABLE
        )

    return [livez, readyz]
