"""The thread that runs an emitter starts, closes, and does not stand in the way."""

import subprocess
import sys

import pytest

from emit import Background, Emitter
from tests.support.stack import REPOSITORY
from tests.unit.emit.events import a_payment


def an_emitter() -> Emitter:
    return Emitter("127.0.0.1:1", "ada", interval_s=None, close_timeout_s=0.1)


def test_it_starts_and_closes() -> None:
    with Background(an_emitter()) as emitter:
        emitter.send(a_payment())
    assert (emitter.totals.accepted, emitter.totals.waiting) == (1, 1)
    with pytest.raises(RuntimeError, match="closed"):
        emitter.send(a_payment())


def test_closing_again_only_returns_the_totals() -> None:
    background = Background(an_emitter())
    background.start()
    assert background.close() == background.close()


def test_closing_before_it_started_only_returns_the_totals() -> None:
    assert Background(an_emitter()).close().accepted == 0


def test_an_emitter_starts_once() -> None:
    emitter = an_emitter()
    with Background(emitter):
        pass
    with pytest.raises(RuntimeError, match="an emitter starts once"):
        Background(emitter).start()


FORGETFUL = """
import logging
from emit import Background, Emitter

logging.basicConfig()
emitter = Background(Emitter("127.0.0.1:1", "ada", close_timeout_s=0.1)).start()
"""


def test_who_forgets_to_close_is_closed_at_the_exit() -> None:
    call = [sys.executable, "-c", FORGETFUL]
    result = subprocess.run(
        call, capture_output=True, text=True, check=True, cwd=REPOSITORY, timeout=60
    )
    assert "lost 1 events: not acknowledged" in result.stderr
