"""Requests/s: uncached, compared with pgbench; and from the response cache."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import psycopg

from tests.bench.measurement import Bench, in_a_line, say
from tests.bench.reading import pgbench
from tests.bench.reading.bare import PATH, bare
from tests.bench.reading.endpoints import Endpoint, endpoints
from tests.bench.reading.fleet import AGENTS_A_USER, AGGREGATES, BUSINESS, filled_database
from tests.bench.reading.load import CONNECTIONS, Request, requests_for, send
from tests.bench.reading.side import Side, side
from tests.bench.result import Reached, Result, Series, ratios
from tests.support.serve_process import Serving, served
from tests.support.stack import Stack, Topics, environment

AGENTS: Final = 1_000
USERS: Final = AGENTS // AGENTS_A_USER
POOL: Final = 8
SECONDS: Final = 2
UNCACHED: Final = "requests_uncached"
CACHED: Final = "requests_cached"
UNCACHED_TITLE: Final = "Uncached requests"
CACHED_TITLE: Final = "Cached requests"
# The shortest answer and the longest.
KEPT: Final = ("performance", "historical 30d")
NO_TOPICS: Final = Topics("none", "none", "none")


@dataclass(frozen=True)
class Place:
    """The environment of both sides."""

    bench: Bench
    service: Serving
    database: psycopg.Connection[Any]
    url: str

    @property
    def seconds(self) -> int:
        """The duration of a run."""
        return max(1, round(SECONDS * self.bench.scale.share))

    def send(self, server: Serving, wanted: Sequence[Request], by: Side) -> None:
        """Run once against a server."""
        by.run(lambda: send(server.url, wanted, self.seconds))


def measure_uncached(bench: Bench) -> Result:
    """Measure each endpoint against its query in pgbench, with the pool's number of connections."""
    with _place(bench, (AGGREGATES, BUSINESS), answer_cache_ms=0) as place:
        wanted = endpoints(datetime.now(UTC))
        setup = f"{_setup(bench)}; no response cache, a pool of {POOL}; pgbench: {POOL} clients"
        return _compared(UNCACHED, UNCACHED_TITLE, setup, place, wanted, _beside_pgbench)


def measure_cached(bench: Bench) -> Result:
    """Measure cached answers against a bare handler with the same bytes on the same server."""
    with _place(bench, (AGGREGATES,), answer_cache_ms=60_000) as place:
        wanted = [one for one in endpoints(datetime.now(UTC)) if one.name in KEPT]
        setup = f"{_setup(bench)}; all answers cached"
        return _compared(CACHED, CACHED_TITLE, setup, place, wanted, _beside_bare)


def target(measurement: str, endpoint: Endpoint) -> str:
    """The name of an endpoint's target."""
    return f"{measurement}_{endpoint.name.replace(' ', '_')}"


@contextmanager
def serving(stack: Stack, database: str, answer_cache_ms: int) -> Iterator[Serving]:
    """The service on a database, with rate limits that are never reached."""
    variables = environment(
        database,
        stack,
        NO_TOPICS,
        FLEETGAUGE_ANSWER_CACHE_MS=str(answer_cache_ms),
        FLEETGAUGE_DATABASE_POOL_SIZE=str(POOL),
        FLEETGAUGE_RATE_LIMIT_PER_S="1000000",
        FLEETGAUGE_RATE_LIMIT_BURST="1000000",
    )
    with served(variables) as service:
        service.await_ready()
        yield service


@contextmanager
def _place(bench: Bench, fills: Sequence[str], answer_cache_ms: int) -> Iterator[Place]:
    with (
        filled_database(bench.stack, AGENTS, fills) as url,
        serving(bench.stack, url, answer_cache_ms) as service,
        psycopg.connect(url, autocommit=True) as database,
    ):
        yield Place(bench, service, database, url)


def _setup(bench: Bench) -> str:
    return (
        f"{bench.edition} edition, {AGENTS:,} agents, {AGENTS_A_USER} per user, {USERS} users in "
        f"rotation, one `serve` process, {CONNECTIONS} persistent connections (wrk); tokens, "
        "rate limits (high), metrics and headers enabled"
    )


def _compared(
    name: str,
    title: str,
    setup: str,
    place: Place,
    wanted: Sequence[Endpoint],
    compare: Callable[[Place, Endpoint], dict[str, Side]],
) -> Result:
    """Compare each endpoint, ours as the first side; a failure affects only its endpoint."""
    series: list[Series] = []
    reached: list[Reached] = []
    missing: dict[str, str] = {}
    for endpoint in wanted:
        say(f"  {endpoint.name}")
        try:
            sides = compare(place, endpoint)
        except Exception as error:
            missing[target(name, endpoint)] = in_a_line(error)
            continue
        series += [each.series(f"{endpoint.name}: {who}") for who, each in sides.items()]
        ours, theirs = sides.values()
        reached.append(Reached(target(name, endpoint), ratios(ours.rates, theirs.rates)))
    return Result(name, title, setup, tuple(series), tuple(reached), missing)


def _beside_pgbench(place: Place, endpoint: Endpoint) -> dict[str, Side]:
    ours, theirs = side(place.database, place.service.pid), side(place.database)
    wanted = requests_for(endpoint.path, USERS)
    send(place.service.url, wanted, 1)
    for _ in range(place.bench.scale.pairs):
        place.send(place.service, wanted, ours)
        theirs.run(lambda: pgbench.run(place.url, endpoint, USERS, POOL, place.seconds))
    return {"serve": ours, "pgbench": theirs}


def _beside_bare(place: Place, endpoint: Endpoint) -> dict[str, Side]:
    wanted = requests_for(endpoint.path, USERS)
    send(place.service.url, wanted, 1)
    with bare(_body(place.service, wanted[0])) as other:
        same = [Request(PATH, one.token) for one in wanted]
        send(other.url, same, 1)
        ours = side(place.database, place.service.pid)
        theirs = side(place.database, other.pid)
        for _ in range(place.bench.scale.pairs):
            place.send(place.service, wanted, ours)
            place.send(other, same, theirs)
    return {"serve": ours, "bare handler": theirs}


def _body(service: Serving, request: Request) -> bytes:
    with service.client() as client:
        headers = {"authorization": f"Bearer {request.token}"}
        return client.get(request.path, headers=headers).content
