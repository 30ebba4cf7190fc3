"""The demo's child processes: some run to completion, others until they are stopped."""

import json
import os
import queue
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TAIL_LINES = 15
STOP_SECONDS = 15.0
EVENT_SECONDS = 120.0
PAUSE_SECONDS = 0.05


class DemoError(Exception):
    """The demo cannot continue; the message says what failed."""


@dataclass(frozen=True)
class Child:
    """One process of Fleetgauge, and its log."""

    name: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def events(self) -> Iterator[dict[str, object]]:
        """The log lines that are JSON events."""
        for line in self.log.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                event = json.loads(line)
                if isinstance(event, dict):
                    yield event

    def exit_message(self) -> str:
        """Its exit status and the end of its log."""
        return f"{self.name} ended with status {self.process.returncode}; {tail(self.log)}"


class Children:
    """Concurrent processes, stopped in the reverse order of their start."""

    def __init__(self, logs: Path, env: Mapping[str, str]) -> None:
        self._logs = logs
        self._env = env
        self._running: list[Child] = []
        self._ended: queue.SimpleQueue[Child] = queue.SimpleQueue()

    def start(
        self, name: str, words: Sequence[str | Path], more: Mapping[str, str] | None = None
    ) -> Child:
        """Start a process that logs to `name`.log, with `more` added to its environment."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            child = Child(name, log, spawn(words, {**self._env, **(more or {})}, output))
        self._running.append(child)
        threading.Thread(target=self._await_end, args=(child,), daemon=True).start()
        return child

    def await_event(self, child: Child, event: str) -> Mapping[str, object] | None:
        """The child's log line of that event; None if the child ends before logging it.

        `hold` does not report a child that ended here. DemoError on timeout.
        """
        deadline = time.monotonic() + EVENT_SECONDS
        while time.monotonic() < deadline:
            has_ended = child.process.poll() is not None
            for line in child.events():
                if line.get("event") == event:
                    return line
            if has_ended:
                self._running.remove(child)
                return None
            time.sleep(PAUSE_SECONDS)
        raise DemoError(f"{child.name} is not ready after {EVENT_SECONDS:.0f} s; {tail(child.log)}")

    def hold(self, seconds: float | None) -> None:
        """Wait `seconds` (None: forever); DemoError as soon as a process ends."""
        with suppress(queue.Empty):
            while (child := self._ended.get(timeout=seconds)) not in self._running:
                pass
            raise DemoError(child.exit_message())

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after a timeout, one process after another."""
        while self._running:
            process = self._running.pop().process
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()

    def _await_end(self, child: Child) -> None:
        child.process.wait()
        self._ended.put(child)


def spawn(
    words: Sequence[str | Path], env: Mapping[str, str], output: IO[bytes] | None
) -> "subprocess.Popen[bytes]":
    """Start a process in a separate session, so that Ctrl-C reaches only the demo."""
    return subprocess.Popen(  # noqa: S603
        words,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[bytes]") -> int:
    """Wait for the end and return the status; on interrupt, terminate the whole process group."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def run(words: Sequence[str | Path], env: Mapping[str, str]) -> None:
    """Run a command to completion on this terminal; DemoError if it fails."""
    status = finish(spawn(words, env, None))
    if status:
        raise DemoError(f"{' '.join(map(str, words))} ended with status {status}")


def run_logged(log: Path, words: Sequence[str | Path], env: Mapping[str, str]) -> None:
    """Run a command to completion with its output in `log`; DemoError has the end of the file."""
    with log.open("wb") as output:
        status = finish(spawn(words, env, output))
    if status:
        raise DemoError(f"{log.stem} ended with status {status}; {tail(log)}")


def tail(log: Path) -> str:
    """The last lines of a log."""
    with log.open(errors="replace") as lines:
        last = deque(lines, TAIL_LINES)
    return f"the end of {log}:\n{''.join(last)}" if last else f"{log} is empty"
