"""Finding and ending the processes of an instance."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import process
from deploy.local.part import StackError

WAIT = "import sys; print('up', flush=True); sys.stdin.read()"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that bears the mark `tmp_path` and works in it until its input ends."""
    command = [sys.executable, "-c", WAIT, str(tmp_path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=tmp_path) as made:
        assert made.stdout is not None
        made.stdout.readline()
        yield made
        made.kill()


@pytest.mark.parametrize(
    ("text", "pid"),
    [("123\n", 123), ("123\n/data\n5432\n", 123), ("", None), ("\n", None), ("junk\n", None)],
)
def test_read_pid(tmp_path: Path, text: str, pid: int | None) -> None:
    path = tmp_path / "pid"
    path.write_text(text)
    assert process.read_pid(path) == pid


def test_read_pid_without_a_file(tmp_path: Path) -> None:
    assert process.read_pid(tmp_path / "none") is None


def test_a_process_is_owned_by_a_whole_word(sleeper: subprocess.Popen[str], tmp_path: Path) -> None:
    assert process.owned(sleeper.pid, str(tmp_path))
    assert not process.owned(sleeper.pid, str(tmp_path.parent))
    assert not process.owned(os.getpid(), str(tmp_path))


def test_a_process_is_found_by_its_working_directory(
    sleeper: subprocess.Popen[str], tmp_path: Path
) -> None:
    assert process.working_in(tmp_path) == [sleeper.pid]


def test_end_awaits_the_end(sleeper: subprocess.Popen[str], tmp_path: Path) -> None:
    assert process.end(sleeper.pid, str(tmp_path), signal.SIGTERM, 10)
    assert not process.runs(sleeper.pid)
    assert sleeper.wait() == -signal.SIGTERM


def test_end_reports_a_process_that_stays(sleeper: subprocess.Popen[str], tmp_path: Path) -> None:
    assert not process.end(sleeper.pid, str(tmp_path), signal.SIGCONT, 0.05)


def test_end_leaves_what_is_not_ours(sleeper: subprocess.Popen[str]) -> None:
    assert process.end(sleeper.pid, "/another/instance", signal.SIGKILL, 10)
    assert process.runs(sleeper.pid)


def test_a_gone_process_neither_runs_nor_is_owned(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", "", str(tmp_path)])
    gone.wait()
    assert not process.runs(gone.pid)
    assert not process.owned(gone.pid, str(tmp_path))
    assert process.end(gone.pid, str(tmp_path), signal.SIGKILL, 1)


def test_run_reports_the_last_lines_of_a_failure() -> None:
    with pytest.raises(StackError, match=r"status 3: no luck"):
        process.run(["sh", "-c", "echo no luck >&2; exit 3"])


def test_run_returns_the_output() -> None:
    assert process.run(["sh", "-c", 'echo "$WORD"; cat'], {"WORD": "a"}, "b") == "a\nb"


def test_until_gives_up() -> None:
    with pytest.raises(StackError, match="it never came, after 0 s"):
        process.until(lambda: False, 0.0, lambda: "it never came")
