"""`historical` 30d beside the same question asked of the raw samples, and of fewer of them."""

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
TITLE: Final = "historical 30d, and how many raw samples there are"
RAW: Final = Path(__file__).with_name("historical_raw.sql").read_bytes()
MONTH_S: Final = 30 * 24 * 3_600
# Samples of each agent in one COPY.
BATCH_SAMPLES: Final = 60
QUESTIONS: Final = 40
SEED: Final = 1

Connection = psycopg.Connection[Any]
Question = tuple[bytes, dict[str, object]]


@dataclass(frozen=True)
class Samples:
    """Agents with so many samples each, the last one now; every agent's day is in the aggregate."""

    name: str
    agents: int
    each: int
    step_s: float

    @property
    def rows(self) -> int:
        return self.agents * self.each

    def batches(self, newest: datetime, together: int = BATCH_SAMPLES) -> Iterator[pl.DataFrame]:
        """All rows, so many of each agent together, sorted as ingest sorts them."""
        rng = np.random.default_rng(SEED)
        keys = np.arange(1, self.agents + 1, dtype=np.int32)
        for first in range(0, self.each, together):
            ages = self.each - 1 - np.arange(first, min(first + together, self.each))
            times = int(newest.timestamp() * 1e6) - np.round(ages * self.step_s * 1e6)
            yield _frame(
                np.repeat(keys, len(times)), np.tile(times.astype(np.int64), len(keys)), rng
            )


@dataclass
class Asked:
    """A database with samples, and what its answers took, a value a run."""

    samples: Samples
    connection: Connection
    days_ms: list[float] = field(default_factory=list)
    raw_ms: list[float] = field(default_factory=list)

    @property
    def users(self) -> int:
        return self.samples.agents // AGENTS_A_USER


def fleets(share: float) -> tuple[Samples, Samples, Samples]:
    """43.2 million samples, and a million twice: of fewer days, of fewer agents."""
    each = round(43_200 * share)
    return (
        Samples("all", 1_000, each, MONTH_S / each),
        Samples("fewer days", 1_000, round(1_000 * share), MONTH_S / each),
        Samples("fewer agents", 50, round(20_000 * share), MONTH_S / round(20_000 * share)),
    )


def measure(bench: Bench) -> Result:
    """In a full run only: to load the samples takes minutes."""
    if not bench.scale.is_full:
        raise NotHereError("only `make bench FULL=1` loads so many samples")
    now = datetime.now(UTC)
    with ExitStack() as databases:
        asked = [
            databases.enter_context(_loaded(bench.stack, samples, now))
            for samples in fleets(bench.scale.share)
        ]
        _check(asked[0], now)
        _warm(asked, now)
        for pair in range(bench.scale.pairs):
            say(f"  run {pair + 1} of {bench.scale.pairs}")
            _run(asked, now, random.Random(pair))
    return _result(bench, asked)


def _result(bench: Bench, asked: Sequence[Asked]) -> Result:
    every, fewer_days, fewer_agents = asked
    setup = (
        f"{bench.edition} edition, {AGENTS_A_USER} agents a user, any user at random, one "
        "connection, statements prepared and warm; samples by binary COPY, their "
        "days by SQL"
    )
    return Result(
        NAME,
        TITLE,
        setup,
        tuple(_series(asked)),
        (
            Reached(f"{NAME}_raw", ratios(every.raw_ms, every.days_ms)),
            Reached(f"{NAME}_fewer_days", ratios(every.days_ms, fewer_days.days_ms)),
            Reached(f"{NAME}_fewer_agents", ratios(every.days_ms, fewer_agents.days_ms)),
        ),
    )


def _series(asked: Sequence[Asked]) -> Iterator[Series]:
    for one in asked:
        told = f"{one.samples.rows / 1e6:.1f} M samples, {one.samples.agents:,} agents"
        yield Series(f"days, {told}", {"ms": tuple(one.days_ms)})
    yield Series(
        f"raw samples, {asked[0].samples.rows / 1e6:.1f} M", {"ms": tuple(asked[0].raw_ms)}
    )


@contextmanager
def _loaded(stack: Stack, samples: Samples, now: datetime) -> Iterator[Asked]:
    say(f"  loading {samples.rows:,} samples: {samples.name}")
    options = f"-c timezone=UTC -c bench.agents={samples.agents}"
    with empty_database(stack) as url:
        migrate(url)
        with psycopg.connect(url, autocommit=True, options=options) as connection:
            with writable_levels(connection):
                for frame in samples.batches(now):
                    copy(connection, encode_samples(frame))
                run_file(connection, "fill_days.sql")
            yield Asked(samples, connection)


def copy(connection: Connection, pieces: Sequence[bytes]) -> None:
    """Rows into `agent_samples`, in a transaction of their own."""
    with connection.cursor() as cursor, cursor.copy(query("copy_samples")) as rows:
        for piece in pieces:
            rows.write(piece)


def _frame(keys: Any, times: Any, rng: Any) -> pl.DataFrame:
    rows = len(keys)
    told = pl.lit(None, pl.Float32)
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
    ).with_columns(storage_used_mb=told, storage_total_mb=told)


def _check(asked: Asked, now: datetime) -> None:
    """ValueError where the days tell something else than the samples they were made of."""
    days, raw = (_answer(asked.connection, one) for one in _questions(now, user=0))
    if len(days) != len(raw) or not all(map(_same, days, raw)):
        raise ValueError("the days tell something else than the samples")


def _same(one: PointSums, other: PointSums) -> bool:
    exact = [
        (row.timestamp, row.cpu_samples, row.memory_samples, row.messages, row.errors)
        for row in (one, other)
    ]
    sums = zip((one.cpu_sum, one.memory_sum), (other.cpu_sum, other.memory_sum), strict=True)
    return exact[0] == exact[1] and all(math.isclose(a, b, rel_tol=1e-9) for a, b in sums)


def _warm(asked: Sequence[Asked], now: datetime) -> None:
    """A plan that is kept, and every user's rows in memory."""
    for one in asked:
        for user in range(max(one.users, QUESTIONS)):
            _answer(one.connection, _questions(now, user % one.users)[0])
    for user in range(asked[0].users):
        _answer(asked[0].connection, _questions(now, user)[1])


def _run(asked: Sequence[Asked], now: datetime, draw: random.Random) -> None:
    for one in asked:
        users = [draw.randrange(one.users) for _ in range(QUESTIONS)]
        wanted = [_questions(now, user)[0] for user in users]
        one.days_ms.append(_mean_ms(one.connection, wanted))
    asked[0].raw_ms.append(
        _mean_ms(asked[0].connection, [_questions(now, draw.randrange(asked[0].users))[1]])
    )


def _questions(now: datetime, user: int) -> tuple[Question, Question]:
    """Of the days, and of the raw samples."""
    (month,) = (one for one in endpoints(now) if one.name == "historical 30d")
    parameters = month.asked_by(f"user-{user}")
    return (query(month.query), parameters), (RAW, parameters)


def _mean_ms(connection: Connection, wanted: Sequence[Question]) -> float:
    began = time.perf_counter()
    for one in wanted:
        _answer(connection, one)
    return 1_000 * (time.perf_counter() - began) / len(wanted)


def _answer(connection: Connection, question: Question) -> list[PointSums]:
    with connection.cursor(row_factory=class_row(PointSums)) as cursor:
        return cursor.execute(*question, prepare=True).fetchall()
