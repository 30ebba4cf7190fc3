"""The bar is drawn on a terminal, and log lines go above it."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

import pytest
from structlog.testing import capture_logs

from emit.simulation.history import Stage
from emit.simulation.progress import Bar, ProgressLines, displayed
from schemas.events import Event
from tests.unit.emit.clocks import FakeClock


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


@contextmanager
def terminal() -> Iterator[io.StringIO]:
    """What is drawn on stderr, which the environment says is a terminal."""
    with pytest.MonkeyPatch.context() as patch, redirect_stderr(io.StringIO()) as drawn:
        patch.setenv("FORCE_COLOR", "1")
        yield drawn


@contextmanager
def handler(stream: io.StringIO) -> Iterator[logging.StreamHandler[io.StringIO]]:
    """A handler of the root logger."""
    added = logging.StreamHandler(stream)
    logging.getLogger().addHandler(added)
    try:
        yield added
    finally:
        logging.getLogger().removeHandler(added)


def stage(portions: int) -> Stage:
    empty: Iterator[list[Event]] = ([] for _ in range(portions))
    return Stage("samples of 4 agents", portions, empty)


def test_the_bar_shows_stage_rate_and_percent() -> None:
    clock = FakeClock()
    with terminal() as drawn, displayed(clock, lambda: round(3_000 * clock.passed_s)) as display:
        assert isinstance(display, Bar)
        for _ in display.track(stage(8)):
            clock.pass_by(1)
    assert "samples of 4 agents" in drawn.getvalue()
    assert "100%" in drawn.getvalue()
    assert "3,000 events/s" in drawn.getvalue()


def test_log_lines_go_through_the_bar_and_then_back() -> None:
    with terminal() as drawn, handler(drawn) as lines:
        with displayed(FakeClock(), lambda: 0):
            assert lines.stream is not drawn
            logging.getLogger("test").warning("the broker is away")
        assert lines.stream is drawn
    assert "the broker is away" in drawn.getvalue()


def test_elsewhere_there_are_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    clock = FakeClock()
    with (
        redirect_stderr(io.StringIO()),
        capture_logs() as logs,
        displayed(clock, lambda: round(100 * clock.passed_s)) as display,
    ):
        assert isinstance(display, ProgressLines)
        for _ in display.track(stage(20)):
            clock.pass_by(1)
    assert [line["percent"] for line in logs] == [25.0, 50.0, 75.0]
    assert [line["left_s"] for line in logs] == [15, 10, 5]
    assert {line["events_a_second"] for line in logs} == {100}
