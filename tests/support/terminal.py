"""A program on a terminal of its own: what it is sent, and what it shows."""

import os
import pty
import re
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

# A hang is told by it; a busy machine is not.
PATIENCE_S = 60.0
_ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[=>()].?)")


class Terminal:
    """The side of the terminal where a person sits."""

    def __init__(self, side: int, process: "subprocess.Popen[bytes]") -> None:
        self._side = side
        self.process = process
        self.raw = ""

    @property
    def shown(self) -> str:
        """All that was written so far, without what moves the cursor or gives colour."""
        return _ESCAPES.sub("", self.raw).replace("\r", "")

    def type(self, keys: str) -> None:
        """Types these."""
        os.write(self._side, keys.encode())

    def await_shown(self, pattern: str) -> None:
        """Returns when the pattern is found in what is shown; AssertionError where it never is."""
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.shown, re.M):
            assert self._read(deadline), f"no {pattern!r} in:\n{self.shown}"

    def await_end(self) -> int:
        """The exit status, once all output is here."""
        while self._read(time.monotonic() + PATIENCE_S):
            pass
        return self.process.wait(PATIENCE_S)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._side], [], [], max(0.0, deadline - time.monotonic()))
        try:
            came = os.read(self._side, 65_536) if ready else b""
        except OSError:
            # As Linux tells that nobody is on the other side any more.
            came = b""
        self.raw += came.decode("utf-8", "replace")
        return bool(came)


@contextmanager
def on_a_terminal(command: Sequence[str], environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Runs the command there, killed at the end where it still runs."""
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
