"""Fleetgauge's processes, run as a user runs them."""

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress

# Long enough for a busy machine; only a hang exceeds it.
PATIENCE_S = 120.0


class Running:
    """A process whose output is collected line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._fresh: queue.Queue[str | None] = queue.Queue()
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self._process.stdout or sys.stdin as output:
            for line in output:
                self.lines.append(line)
                self._fresh.put(line)
        self._fresh.put(None)

    def await_line(self, words: str) -> str:
        """The next line with these words; AssertionError on a timeout or at the end of output."""
        deadline = time.monotonic() + PATIENCE_S
        with suppress(queue.Empty):
            while (line := self._fresh.get(timeout=deadline - time.monotonic())) is not None:
                if words in line:
                    return line
        raise AssertionError(f"no line with {words!r}:\n{self.output}")

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to this process alone."""
        self._process.send_signal(number)

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def await_exit(self) -> int:
        """The exit code, after all output was read."""
        code = self._process.wait(PATIENCE_S)
        self._reader.join(PATIENCE_S)
        return code

    @property
    def output(self) -> str:
        """All output so far."""
        return "".join(self.lines)


def fleetgauge(environment: Mapping[str, str], *words: str) -> AbstractContextManager[Running]:
    """`fleetgauge WORDS…`; killed at the end if it still runs."""
    return run([sys.executable, "-m", "fleetgauge", *words], environment)


@contextmanager
def run(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Running]:
    """A process; killed at the end if it still runs."""
    with subprocess.Popen(
        command,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        running = Running(process)
        try:
            yield running
        finally:
            if process.poll() is None:
                process.kill()
            running.await_exit()
