"""`historical` 30d, compared with the same query on raw samples and with fewer samples."""

import math
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl
import psycopg
from psycopg.rows import class_row

from ingest.writing.binarycopy import encode_samples
from query.points import PointSums
from sql.named import query
from tests.bench.measurement import Bench, NotHereError, say
from tests.bench.reading.endpoints import endpoints
from tests.bench.reading.fleet import AGENTS_A_USER
from tests.bench.reading.levels import run_file, writable_levels
from tests.bench.result import Reached, Result, Series, ratios
from tests.bench.writing.databases import empty_database
from tests.support.stack import Stack, migrate

NAME: Final = "history"
TITLE: Final = "historical 30d and the number of raw samples"
RAW: Final = Path(__file__).with_name("historical_raw.sql").read_bytes()
MONTH_S: Final = 30 * 24 * 3_600
# Samples of each agent in one COPY.
BATCH_SAMPLES: Final = 60
QUERIES: Final = 40
SEED: Final = 1

Connection = psycopg.Connection[Any]
Query = tuple[bytes, dict[str, object]]


@dataclass(frozen=True)
class Samples:
    """Agents with `each` samples every `step_s` seconds up to now; their days are aggregated."""

    name: str
    agents: int
    each: int
    step_s: float

    @property
    def rows(self) -> int:
        return self.agents * self.each

    def batches(self, newest: datetime, together: int = BATCH_SAMPLES) -> Iterator[pl.DataFrame]:
        """All rows in batches with `together` samples of each agent, sorted as by ingest."""
        rng = np.random.default_rng(SEED)
        keys = np.arange(1, self.agents + 1, dtype=np.int32)
        for first in range(0, self.each, together):
            ages = self.each - 1 - np.arange(first, min(first + together, self.each))
            times = int(newest.timestamp() * 1e6) - np.round(ages * self.step_s * 1e6)
            yield _frame(
                np.repeat(keys, len(times)), np.tile(times.astype(np.int64), len(keys)), rng
            )


@dataclass
class Dataset:
    """A database with samples, and the mean query durations, a value per run."""

    samples: Samples
    connection: Connection
    days_ms: list[float] = field(default_factory=list)
    raw_ms: list[float] = field(default_factory=list)

    @property
    def users(self) -> int:
        return self.samples.agents // AGENTS_A_USER


def fleets(share: float) -> tuple[Samples, Samples, Samples]:
    """43.2 million samples, and twice a million: of fewer days, and of fewer agents."""
    each = round(43_200 * share)
    return (
        Samples("all", 1_000, each, MONTH_S / each),
        Samples("fewer days", 1_000, round(1_000 * share), MONTH_S / each),
        Samples("fewer agents", 50, round(20_000 * share), MONTH_S / round(20_000 * share)),
    )


def measure(bench: Bench) -> Result:
    """Measure in a full run only, because loading the samples takes minutes."""
    if not bench.scale.is_full:
        raise NotHereError("only with `make bench FULL=1`")
    now = datetime.now(UTC)
    with ExitStack() as databases:
        datasets = [
            databases.enter_context(_loaded(bench.stack, samples, now))
            for samples in fleets(bench.scale.share)
        ]
        _check(datasets[0], now)
        _warm(datasets, now)
        for pair in range(bench.scale.pairs):
            say(f"  run {pair + 1} of {bench.scale.pairs}")
            _run(datasets, now, random.Random(pair))
    return _result(bench, datasets)


def _result(bench: Bench, datasets: Sequence[Dataset]) -> Result:
    every, fewer_days, fewer_agents = datasets
    setup = (
        f"{bench.edition} edition, {AGENTS_A_USER} agents per user, a random user, one "
        "connection, statements prepared and warm; samples loaded by binary COPY, "
        "days aggregated by SQL"
    )
    return Result(
        NAME,
        TITLE,
        setup,
        tuple(_series(datasets)),
        (
            Reached(f"{NAME}_raw", ratios(every.raw_ms, every.days_ms)),
            Reached(f"{NAME}_fewer_days", ratios(every.days_ms, fewer_days.days_ms)),
            Reached(f"{NAME}_fewer_agents", ratios(every.days_ms, fewer_agents.days_ms)),
        ),
    )


def _series(datasets: Sequence[Dataset]) -> Iterator[Series]:
    for one in datasets:
        size = f"{one.samples.rows / 1e6:.1f} M samples, {one.samples.agents:,} agents"
        yield Series(f"days, {size}", {"ms": tuple(one.days_ms)})
    yield Series(
        f"raw samples, {datasets[0].samples.rows / 1e6:.1f} M", {"ms": tuple(datasets[0].raw_ms)}
    )


@contextmanager
def _loaded(stack: Stack, samples: Samples, now: datetime) -> Iterator[Dataset]:
    say(f"  loading {samples.rows:,} samples: {samples.name}")
    options = f"-c timezone=UTC -c bench.agents={samples.agents}"
    with empty_database(stack) as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True, options=options) as connection:
            with writable_levels(connection):
                for frame in samples.batches(now):
                    copy(connection, encode_samples(frame))
                run_file(connection, "fill_days.sql")
            yield Dataset(samples, connection)


def copy(connection: Connection, pieces: Sequence[bytes]) -> None:
    """COPY rows into `agent_samples`, in one transaction."""
    with connection.cursor() as cursor, cursor.copy(query("copy_samples")) as rows:
        for piece in pieces:
            rows.write(piece)


def _frame(keys: Any, times: Any, rng: Any) -> pl.DataFrame:
    rows = len(keys)
    unset = pl.lit(None, pl.Float32)
    return pl.DataFrame(
        {
            "ts": times,
            "agent_key": keys,
            "cpu": rng.uniform(0, 100, rows).astype(np.float32),
            "memory": rng.uniform(0, 100, rows).astype(np.float32),
            "messages": rng.integers(0, 1_000, rows).astype(np.int32),
            "errors": rng.integers(0, 10, rows).astype(np.int32),
            "response_ms": rng.uniform(1, 100, rows).astype(np.float32),
        }
    ).with_columns(storage_used_mb=unset, storage_total_mb=unset)


def _check(dataset: Dataset, now: datetime) -> None:
    """Raise ValueError if the days differ from the samples they aggregate."""
    days, raw = (_answer(dataset.connection, one) for one in _queries(now, user=0))
    if len(days) != len(raw) or not all(map(_same, days, raw)):
        raise ValueError("the days differ from the samples")


def _same(one: PointSums, other: PointSums) -> bool:
    exact = [
        (row.timestamp, row.cpu_samples, row.memory_samples, row.messages, row.errors)
        for row in (one, other)
    ]
    sums = zip((one.cpu_sum, one.memory_sum), (other.cpu_sum, other.memory_sum), strict=True)
    return exact[0] == exact[1] and all(math.isclose(a, b, rel_tol=1e-9) for a, b in sums)


def _warm(datasets: Sequence[Dataset], now: datetime) -> None:
    """Prepare the plans, and read every user's rows into memory."""
    for one in datasets:
        for user in range(max(one.users, QUERIES)):
            _answer(one.connection, _queries(now, user % one.users)[0])
    for user in range(datasets[0].users):
        _answer(datasets[0].connection, _queries(now, user)[1])


def _run(datasets: Sequence[Dataset], now: datetime, draw: random.Random) -> None:
    for one in datasets:
        users = [draw.randrange(one.users) for _ in range(QUERIES)]
        wanted = [_queries(now, user)[0] for user in users]
        one.days_ms.append(_mean_ms(one.connection, wanted))
    datasets[0].raw_ms.append(
        _mean_ms(datasets[0].connection, [_queries(now, draw.randrange(datasets[0].users))[1]])
    )


def _queries(now: datetime, user: int) -> tuple[Query, Query]:
    """The query of the days, and the same query of the raw samples."""
    (month,) = (one for one in endpoints(now) if one.name == "historical 30d")
    parameters = month.parameters_for(f"user-{user}")
    return (query(month.query), parameters), (RAW, parameters)


def _mean_ms(connection: Connection, wanted: Sequence[Query]) -> float:
    began = time.perf_counter()
    for one in wanted:
        _answer(connection, one)
    return 1_000 * (time.perf_counter() - began) / len(wanted)


def _answer(connection: Connection, bound: Query) -> list[PointSums]:
    with connection.cursor(row_factory=class_row(PointSums)) as cursor:
        return cursor.execute(*bound, prepare=True).fetchall()
