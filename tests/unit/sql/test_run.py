"""`fleetgauge migrate` where nobody answers."""

import socket

import structlog
from structlog.testing import capture_logs

from sql.migrate import run
from tests.support.stack import database_settings


def test_a_server_that_is_away_is_asked_again_and_then_named() -> None:
    with socket.socket() as taken:
        # Bound and not listening: every connection is refused, and nobody else gets the port.
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://u:geheim@127.0.0.1:{taken.getsockname()[1]}/d"
        structlog.reset_defaults()
        with capture_logs() as logs:
            assert run(database_settings(url), patience_s=0.5) == 1
    assert [line["event"] for line in logs] == [
        "the database does not answer, will try again",
        "the database does not answer",
    ]
    assert "geheim" not in str(logs)
