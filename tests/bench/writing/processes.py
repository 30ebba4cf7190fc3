"""Processes that write, watched and ended."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from tests.bench.writing.progress import StalledError

Process = subprocess.Popen[bytes]


@contextmanager
def running(command: Sequence[str], variables: Mapping[str, str], log: Any) -> Iterator[Process]:
    """A process whose output goes to a file; killed at the end."""
    with subprocess.Popen(command, env=dict(variables), stdout=log, stderr=log) as process:
        try:
            yield process
        finally:
            process.kill()


def check(processes: Sequence[Process]) -> None:
    """Raises StalledError where one has ended."""
    for process in processes:
        if process.poll() is not None:
            raise StalledError(f"the writer ended with status {process.returncode}")
