"""A bar on a terminal; elsewhere a line every five seconds, and none for what takes a moment."""

import io
from contextlib import redirect_stderr

import pytest
import structlog

from schemas.runtime import progressbar as progress
from schemas.runtime.progressbar import lines, shown, waiting


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that can be drawn on, as the environment says."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")


def test_a_bar_on_a_terminal() -> None:
    with redirect_stderr(io.StringIO()) as drawn, shown("migrations") as done:
        done(3, 24)
    assert "migrations" in drawn.getvalue()
    assert "3/24" in drawn.getvalue()


def test_something_moves_where_there_are_no_parts() -> None:
    with redirect_stderr(io.StringIO()) as drawn, waiting("looking"):
        pass
    assert "looking" in drawn.getvalue()


@pytest.mark.parametrize(("name", "value"), [("TERM", "dumb"), ("FORCE_COLOR", "")])
def test_elsewhere_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    monkeypatch.setattr(progress, "LINE_EVERY_S", 0.0)
    with (
        redirect_stderr(io.StringIO()) as drawn,
        structlog.testing.capture_logs() as logs,
        waiting("looking"),
        shown("migrations") as done,
    ):
        done(3, 24)
    assert drawn.getvalue() == ""
    assert [(line["event"], line["done"], line["of"]) for line in logs] == [("migrations", 3, 24)]


def test_a_line_every_five_seconds() -> None:
    now = 100.0
    with structlog.testing.capture_logs() as logs:
        looked = lines("dead letters read", lambda: now)
        for done in range(13):
            looked(done, 20)
            now += 1.0
    assert [(line["event"], line["done"], line["of"]) for line in logs] == [
        ("dead letters read", 5, 20),
        ("dead letters read", 10, 20),
    ]
