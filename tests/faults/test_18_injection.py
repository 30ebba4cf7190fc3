"""SQL, paths and markup where words are expected: in every parameter, and every message's field.

What a message may hold is stored to the letter, the rest is in the dead letters; no answer is a
5xx, and schemathesis finds none that is not as described.
"""

import random
import re
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import psycopg
import pytest

from schemas.events import Event
from tests.faults.ledger import Ledger, Message
from tests.faults.plugin import Case
from tests.support.ingest_process import ingest_process
from tests.support.rows import Row, insert
from tests.support.serve_process import calling, holder, served
from tests.support.stack import Topics

pytestmark = pytest.mark.fault(18, "injection")

HOSTILE = (
    "'",
    "''; drop table agents; --",
    "' or '1'='1",
    "alice' or user_id <> 'alice",
    '"; select pg_sleep(10); --',
    "') union select usename, passwd from pg_shadow --",
    "\\'; copy agents to program 'id'; --",
    "$$; drop table payments; $$",
    "%(user_id)s",
    "%s%s%s%n",
    "{user_id}",
    "{0.__class__.__mro__}",
    "${jndi:ldap://127.0.0.1/}",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "<script>alert(1)</script>",
    "alice\r\nSet-Cookie: a=b",
    "alice\x1b[31m",
    "\u202ealice",
    "null",
    "NaN",
    "1e999",
    "alice--",
    "@version",
    "pg_catalog.pg_user",
)
# A user's id is returned as it was requested.
_ID = re.compile(r"[A-Za-z0-9._~:@-]+")
PARAMETERS = (
    *("range", "userId", "user_id", "time_range", "x", ""),
    *("from", "to", "agent", "kind", "limit", "cursor"),
    *("step", "tz", "state", "search", "window", "sort", "order"),
)
ROUTES = (
    "historical",
    "performance",
    "summary",
    "timeline",
    "agents/a/historical",
    "agents",
    "agents/a",
)
FLEET_ROUTES = ("agents", "users", "timeline", "historical")
# Its warnings are about unknown agents, and about invalid spans and cursors.
ACCEPTS = """
warnings = false
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "5xx"]
negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "414", "431", "5xx"]
"""
EVENTS: tuple[dict[str, Any], ...] = (
    {"type": "sample", "agentId": "a", "cpu": 1, "memory": 2, "messages": 3, "errors": 0},
    {"type": "status", "agentId": "a", "status": "running", "reason": "why"},
    {"type": "deployment", "deploymentId": "d", "agentId": "a", "status": "pending"},
    {"type": "payment", "paymentId": "p", "amount": 100, "currency": "USD"},
    {"type": "booking", "bookingId": "b", "status": "pending"},
    {"type": "fan", "fanId": "f", "segment": "casual"},
    {"type": "play", "playId": "p", "listenerId": "l", "count": 1},
    {"type": "skill", "skillId": "s", "active": True},
)


def spoilt(now: datetime) -> Iterator[dict[str, Any]]:
    """Every event with every hostile word in each of its fields in turn."""
    for event, word in product(EVENTS, HOSTILE):
        whole = {"userId": "alice", "ts": now.isoformat(), **event}
        for field in whole:
            yield {**whole, field: word}


def message(event: dict[str, Any], topics: Topics) -> Message:
    """The event as it is sent, and what the contract makes of it."""
    value = msgspec.json.encode(event)
    taken: Event | None
    try:
        taken = msgspec.json.decode(value, type=Event)
    except msgspec.ValidationError:
        taken = None
    topic = topics.samples if event["type"] == "sample" else topics.events
    return Message(topic, value, b"alice", [taken])


async def test_messages_store_what_they_may_hold_to_the_letter(
    database: str,
    ledger: Ledger,
    ingest_environment: Callable[..., dict[str, str]],
    tmp_path: Path,
) -> None:
    log = tmp_path / "ingest.log"
    async with ingest_process(ingest_environment(), log) as ingest:
        await ingest.said('"claimed"')
        await ledger.put(message(event, ledger.topics) for event in spoilt(datetime.now(UTC)))
        await ledger.all_stored()
        assert "Traceback" not in ingest.log
    await ledger.settle()
    with psycopg.connect(database) as connection:
        # Of equal times the last one that came holds.
        found = connection.execute("select reason from agent_states").fetchall()
    assert {reason for (reason,) in found} <= {*HOSTILE, "why", None}


def test_parameters_never_reach_the_sql(
    database: str, variables: dict[str, str], case: Case, rng: random.Random
) -> None:
    insert(database, [Row("alice/a", datetime.now(UTC), cpu=77.75)])
    every = list(product(ROUTES, PARAMETERS, HOSTILE))
    with (
        served(variables, FLEETGAUGE_RATE_LIMIT_PER_S="0") as serving,
        calling(serving) as caller,
    ):
        for route, name, word in rng.sample(every, case.rounds(short=80, long=len(every))):
            inside = quote(word, safe="")
            for path in (
                f"/api/metrics/alice/{route}?{name}={inside}",
                f"/api/metrics/alice/{route}?from=2026-03-10T00:00:00Z&{name}={inside}",
                f"/api/metrics/historical?from=2026-03-10T00:00:00Z&{name}={inside}",
                f"/api/metrics/{inside}/{route}",
                f"/api/metrics/alice/agents/{inside}/historical",
                f"/api/metrics/alice/{inside}",
                f"/api/metrics/alice/agents/{inside}",
                f"/api/metrics/{rng.choice(FLEET_ROUTES)}?{name}={inside}",
            ):
                for headers in (holder("ops", "platform"), holder("bob"), holder(inside)):
                    answer = caller.get(path, {**headers, "X-Request-Id": inside, "Cookie": inside})
                    assert answer.status < 500, (path, answer)
                    assert _ID.fullmatch(word) or word not in answer.text, (path, answer)
                    assert "Set-Cookie" not in answer.headers
                    assert answer.headers["content-type"] == "application/json"
        assert caller.get("/readyz").status == 200
    assert "Traceback" not in serving.process.output


def test_schemathesis_finds_nothing(
    variables: dict[str, str], case: Case, rng: random.Random, tmp_path: Path
) -> None:
    # What a parameter may be depends on others: a span may be too long, a cursor another list's.
    (tmp_path / "schemathesis.toml").write_text(ACCEPTS, encoding="utf-8")
    program = str(Path(sysconfig.get_path("scripts")) / "schemathesis")
    with served(variables, FLEETGAUGE_RATE_LIMIT_PER_S="0") as serving:
        command = [program, "run", f"{serving.url}/openapi.json", "--no-color"]
        command += ["--max-examples", str(case.rounds(short=10, long=500))]
        command += ["--seed", str(rng.randrange(2**32))]
        (authorization,) = holder("ops", "platform").values()
        command += ["--header", f"Authorization: {authorization}"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No issues found" in done.stdout
