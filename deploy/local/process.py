"""Runs commands, and finds and ends the processes of an instance."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local.part import StackError

PROC = Path("/proc")


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None, text: str = "") -> str:
    """Run a command with `text` as stdin and `env` added; returns stdout, or raises StackError."""
    done = subprocess.run(  # noqa: S603
        command,
        env={**os.environ, **(env or {})},
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-8:])
        raise StackError(f"{command[0]} ended with status {done.returncode}: {tail}")
    return done.stdout


def read_pid(path: Path) -> int | None:
    """The number on the first line of a pid file; None if the file or the number is missing."""
    with suppress(OSError, ValueError, IndexError):
        return int(path.read_text().splitlines()[0])
    return None


def command_line(pid: int) -> list[str]:
    """The arguments of a process; empty if it has ended or is a zombie."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return []


def runs(pid: int) -> bool:
    """Whether a process exists and is not a zombie."""
    with suppress(OSError):
        state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    return False


def owned(pid: int, mark: str) -> bool:
    """Whether a process runs and has `mark`, a path of the instance, among its arguments."""
    return mark in command_line(pid)


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`, such as a database's."""
    found = []
    for entry in PROC.iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found


def end(pid: int, mark: str, number: signal.Signals, seconds: float) -> bool:
    """Signal a process that has `mark` and wait for its end; False if it outlives `seconds`."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # Checked after the handle is open: from here on the pid cannot be reused.
        if not owned(pid, mark):
            return True
        signal.pidfd_send_signal(handle, number)
        return bool(select.select([handle], [], [], seconds)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def until(check: Callable[[], bool], seconds: float, failure: Callable[[], str]) -> None:
    """Poll `check` every 50 ms until it is true; `StackError` with `failure()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise StackError(f"{failure()}, after {seconds:.0f} s")
        time.sleep(0.05)
