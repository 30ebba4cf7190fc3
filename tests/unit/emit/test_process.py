"""What this process uses is a share of what it may use; its id is its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from emit.cgroup import ResourceLimits
from emit.process import Process, process_agent_id
from tests.support.stack import REPOSITORY
from tests.unit.emit.clocks import FakeClock


class Allowed(ResourceLimits):
    """So much, whatever the files say."""

    def __init__(self, processors: float, memory_bytes: int) -> None:
        super().__init__(Path(), Path())
        self._allowed = processors, memory_bytes

    def processors(self) -> float:
        return self._allowed[0]

    def memory_bytes(self) -> int:
        return self._allowed[1]


def burn() -> None:
    sum(range(3_000_000))


def test_shares_are_of_what_is_allowed() -> None:
    clock = FakeClock()
    wide, narrow = Process(clock, Allowed(4, 2**40)), Process(clock, Allowed(2, 2**39))
    burn()
    clock.pass_by(10)
    a, b = wide.usage(), narrow.usage()
    assert 0 < a.cpu < b.cpu < 100
    assert 0 < a.memory < b.memory < 100


def test_shares_stay_within_the_contract() -> None:
    clock = FakeClock()
    process = Process(clock, Allowed(0.001, 1))
    burn()
    clock.pass_by(0.01)
    assert process.usage() == (100.0, 100.0)


def test_no_time_is_no_share() -> None:
    assert Process(FakeClock(), Allowed(1, 1)).usage().cpu == 0.0


def test_this_machine_answers() -> None:
    cpu, memory = Process(FakeClock(), ResourceLimits()).usage()
    assert (cpu, 0 < memory <= 100) == (0.0, True)


def test_ids_begin_with_a_name_and_are_never_the_same() -> None:
    ids = {process_agent_id("mailer") for _ in range(100)}
    assert len(ids) == 100
    assert all(one.startswith("mailer-") for one in ids)


def test_another_process_has_another_id() -> None:
    code = "from emit import process_agent_id; print(process_agent_id())"
    call = [sys.executable, "-c", code]
    result = subprocess.run(call, capture_output=True, text=True, check=True, cwd=REPOSITORY)
    host, pid, mark = process_agent_id().rsplit("-", 2)
    other_host, other_pid, other_mark = result.stdout.strip().rsplit("-", 2)
    assert host == other_host
    assert pid != other_pid
    assert mark != other_mark


@pytest.mark.parametrize("name", ["", "a b", "x" * 120])
def test_a_name_that_fits_no_id_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="takes 1 to 128 of"):
        process_agent_id(name)
