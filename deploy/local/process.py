"""Other processes: running one to its end, finding and ending those that an instance started."""

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
    """Run a command to its end with `text` as its input and `env` added; returns its output."""
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
    """The number on the first line of a pid file; None where there is no such file or number."""
    with suppress(OSError, ValueError, IndexError):
        return int(path.read_text().splitlines()[0])
    return None


def command_line(pid: int) -> list[str]:
    """The words a process was started with; empty where it is gone or only waits to be reaped."""
    with suppress(OSError):
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")
    return []


def runs(pid: int) -> bool:
    """Whether a process runs: it is there, and not only waiting to be reaped."""
    with suppress(OSError):
        state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        return state not in ("Z", "X")
    return False


def owned(pid: int, mark: str) -> bool:
    """Whether a process runs and has `mark`, a path of the instance, among its words."""
    return mark in command_line(pid)


def working_in(folder: Path) -> list[int]:
    """Processes whose working directory is `folder`, as a database's are."""
    found = []
    for entry in PROC.iterdir():
        with suppress(OSError):
            if entry.name.isdecimal() and (entry / "cwd").readlink() == folder:
                found.append(int(entry.name))
    return found


def end(pid: int, mark: str, number: signal.Signals, seconds: float) -> bool:
    """Signal a process that bears `mark` and await its end; False if it outlives `seconds`."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # Looked at after the handle is open: from here on the number cannot pass to another.
        if not owned(pid, mark):
            return True
        signal.pidfd_send_signal(handle, number)
        return bool(select.select([handle], [], [], seconds)[0])
    except ProcessLookupError:
        return True
    finally:
        os.close(handle)


def until(check: Callable[[], bool], seconds: float, failure: Callable[[], str]) -> None:
    """Ask `check` every 50 ms until it is true; `StackError` with `failure()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            raise StackError(f"{failure()}, after {seconds:.0f} s")
        time.sleep(0.05)
