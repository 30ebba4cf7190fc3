"""Starts, checks and kills writer processes."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.bench.writing.progress import StalledError

Process = subprocess.Popen[bytes]


@contextmanager
def running(command: Sequence[str], variables: Mapping[str, str], log: Any) -> Iterator[Process]:
    """A running process with its output in `log`; killed on exit."""
    with subprocess.Popen(command, env=dict(variables), stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def check(processes: Sequence[Process]) -> None:
    """Raise StalledError if a process has ended."""
    for process in processes:
        if process.poll() is not None:
            raise StalledError(f"the writer ended with status {process.returncode}")
