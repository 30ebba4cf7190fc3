"""A program on a pseudo-terminal: types input and reads the output."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

# Long enough for a busy machine; only a hang exceeds it.
PATIENCE_S = 60.0
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[=>()].?)")


class Terminal:
    """The user's side of the terminal."""

    def __init__(self, side: int, process: "subprocess.Popen[bytes]") -> None:
        self._side = side
        self.process = process
        self.raw = ""

    @property
    def shown(self) -> str:
        """All output so far, without escape sequences."""
        return _ESCAPES.sub("", self.raw).replace("\r", "")

    def type(self, keys: str) -> None:
        """Sends these keys."""
        os.write(self._side, keys.encode())

    def await_shown(self, pattern: str) -> None:
        """Waits until the output matches the pattern; AssertionError on a timeout."""
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.shown, re.M):
            assert self._read(deadline), f"no {pattern!r} in:\n{self.shown}"

    def await_end(self) -> int:
        """The exit status, after all output was read."""
        while self._read(time.monotonic() + PATIENCE_S):
            pass
        return self.process.wait(PATIENCE_S)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._side], [], [], max(0.0, deadline - time.monotonic()))
        try:
            output = os.read(self._side, 65_536) if ready else b""
        except OSError:
            # On Linux: the other side is closed.
            output = b""
        self.raw += output.decode("utf-8", "replace")
        return bool(output)


@contextmanager
def on_a_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Runs the command on a terminal; kills it at the end if it still runs."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, env=dict(environment), stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(ours, process)
        finally:
            process.kill()
            os.close(ours)
