"""Processes that the demo starts: some run to their end, others until they are told to stop."""

import os
import queue
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

TAIL_LINES = 15
STOP_SECONDS = 15.0


class DemoError(Exception):
    """The demo cannot go on; the message says what failed."""


@dataclass(frozen=True)
class Child:
    """One process of Fleetgauge, and where it writes."""

    name: str
    log: Path
    process: "subprocess.Popen[bytes]"

    def obituary(self) -> str:
        """That it ended, and its last words."""
        return f"{self.name} ended with status {self.process.returncode}; {tail(self.log)}"


class Children:
    """The processes that run side by side, stopped in the reverse order of their start."""

    def __init__(self, logs: Path, env: Mapping[str, str]) -> None:
        self._logs = logs
        self._env = env
        self._running: list[Child] = []
        self._ended: queue.SimpleQueue[Child] = queue.SimpleQueue()

    def start(self, name: str, words: Sequence[str | Path]) -> None:
        """Start a process that logs to a file of its name."""
        log = self._logs / f"{name}.log"
        with log.open("wb") as output:
            child = Child(name, log, spawn(words, self._env, output))
        self._running.append(child)
        threading.Thread(target=self._await_end, args=(child,), daemon=True).start()

    def hold(self, seconds: float | None) -> None:
        """Return after so many seconds (None: never); DemoError as soon as a process ends."""
        try:
            child = self._ended.get(timeout=seconds)
        except queue.Empty:
            return
        raise DemoError(child.obituary())

    def stop(self) -> None:
        """SIGTERM, patience, and SIGKILL at last, one process after another."""
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
    """Start a process in a session of its own, so that Ctrl-C reaches the demo alone."""
    return subprocess.Popen(  # noqa: S603
        words,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[bytes]") -> int:
    """Await the end and return the status; when interrupted, end all that it started too."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise


def run(words: Sequence[str | Path], env: Mapping[str, str]) -> None:
    """Run a command to its end, on this terminal; DemoError where it fails."""
    status = finish(spawn(words, env, None))
    if status:
        raise DemoError(f"{' '.join(map(str, words))} ended with status {status}")


def run_logged(log: Path, words: Sequence[str | Path], env: Mapping[str, str]) -> None:
    """Run a command to its end, with its output in a file; DemoError has the file's end."""
    with log.open("wb") as output:
        status = finish(spawn(words, env, output))
    if status:
        raise DemoError(f"{log.stem} ended with status {status}; {tail(log)}")


def tail(log: Path) -> str:
    """The last lines of a log."""
    with log.open(errors="replace") as lines:
        last = deque(lines, TAIL_LINES)
    return f"the end of {log}:\n{''.join(last)}" if last else f"{log} is empty"
