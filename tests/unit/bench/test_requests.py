"""Requests: tokens, the output of wrk, and scripts and output of pgbench."""

import os
import time
from datetime import UTC, date, datetime, timedelta

import jwt
import pytest

from sql.named import query
from tests.bench.reading.endpoints import endpoints
from tests.bench.reading.load import TOKENS_A_USER, FailedRequestsError, Load, load_of, requests_for
from tests.bench.reading.pgbench import parsed, script
from tests.bench.reading.side import OF_PROCESS, Side
from tests.support.stack import SECRET

NOW = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
OUTPUT = '{"requests": 100, "seconds": 2.0, "failed": %d, "took": {"median ms": 1.5}}\n'


def test_each_user_has_several_tokens() -> None:
    wanted = requests_for("/api/metrics/{user}/summary", users=2)
    assert len({one.token for one in wanted}) == 2 * TOKENS_A_USER
    for one in wanted:
        claims = jwt.decode(one.token, SECRET, ["HS256"], audience="fleetgauge")
        assert one.path == f"/api/metrics/{claims['sub']}/summary"


def test_the_platform_has_its_own_scope() -> None:
    (scope,) = {
        jwt.decode(one.token, SECRET, ["HS256"], audience="fleetgauge")["scope"]
        for one in requests_for("/api/metrics", users=2)
    }
    assert scope == "platform"


def test_a_run_with_a_failed_request_is_an_error() -> None:
    assert load_of(OUTPUT % 0).rate == 50
    with pytest.raises(FailedRequestsError, match="3 of 100"):
        load_of(OUTPUT % 3)


def test_a_query_as_a_pgbench_script() -> None:
    text = (
        b"-- %(now)s\n"
        b"select %(user_id)s, %(now)s, %(day)s::date, %(width)s, %(count)s, %(edges)s, %(none)s\n"
    )
    parameters = {
        "now": NOW,
        "day": date(2026, 3, 10),
        "width": timedelta(hours=1),
        "count": 3,
        "edges": [NOW, NOW],
        "none": None,
    }
    assert script(text, parameters, users=20) == (
        b"\\set user random(0, 19)\n"
        b"select ('user-' || :user::text), :now::timestamptz, :day::date::date, "
        b":width::interval, :count, :edges::timestamptz[], null;\n"
    )


def test_a_script_has_all_parameters_of_its_endpoint() -> None:
    for endpoint in endpoints(NOW):
        text = script(query(endpoint.query), endpoint.parameters, users=2)
        assert b"%(" not in text
        for name in (name for name, value in endpoint.parameters.items() if value is not None):
            assert b":%b" % name.encode() in text, (endpoint.name, name)


def test_output_of_pgbench() -> None:
    text = (
        "number of transactions actually processed: 300\n"
        "number of failed transactions: 0 (0.000%)\n"
        "latency average = 6.400 ms\ninitial connection time = 8.5 ms\n"
        "tps = 150.000000 (without initial connection time)\n"
    )
    assert parsed(text) == Load(requests=300, seconds=2.0, failed=0, took={"mean ms": 6.4})


def test_a_side_keeps_what_a_request_costs_its_process() -> None:
    def send() -> Load:
        ends = time.process_time() + 0.1
        while time.process_time() < ends:
            pass
        return Load(requests=1_000, seconds=0.5, failed=0, took={"median ms": 2.0})

    mine = Side({OF_PROCESS: os.getpid()})
    mine.run(send)
    assert mine.rates == [2_000]
    assert mine.figures["median ms"] == [2.0]
    assert 80 <= mine.figures[OF_PROCESS][0] < 1_000
