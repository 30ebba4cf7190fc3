"""A person's shell that follows a page: one bash, block after block, in its own home."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.support.process import Running

# Braces keep what a block sets; without input nothing can read the blocks that follow.
_BLOCK: Final = "{{\n{text}\n}} </dev/null"


class Shell:
    """Blocks run as they stand; the first command that fails ends all of it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._running = Running(process)

    def run(self, text: str, status: int = 0) -> str:
        """Runs a block to its end, which has to be with this status; what it printed."""
        end = uuid4().hex
        wanted = f" || test $? = {status}" if status else ""
        return self._follow(f"{_BLOCK.format(text=text)}{wanted}\necho {end}", end)

    def leave_running(self, text: str, words: str) -> str:
        """Starts a block that has no end; what it printed up to the line with these words."""
        # Should it end all the same, the shell ends with it, and nobody waits for the words.
        return self._follow(f"( set +e\n{_BLOCK.format(text=text)}\nkill $$ ) &", words)

    def _follow(self, script: str, words: str) -> str:
        assert self._process.poll() is None, "the shell has ended with an earlier block"
        begun = len(self._running.lines)
        assert self._process.stdin is not None
        # If the shell has ended, the missing line shows it.
        with suppress(BrokenPipeError):
            self._process.stdin.write(f"{script}\n")
            self._process.stdin.flush()
        self._running.await_line(words)
        return "".join(self._running.lines[begun:])

    def end(self) -> None:
        """Stops everything that still runs, and waits for it."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._running.await_exit()


@contextmanager
def opened(variables: Mapping[str, str], folder: Path) -> Iterator[Shell]:
    """A shell in a folder; what it left running is stopped at the end."""
    with subprocess.Popen(
        ["bash", "--noprofile", "--norc", "-eu", "-o", "pipefail"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=folder,
        env=dict(variables),
        start_new_session=True,
    ) as process:
        shell = Shell(process)
        try:
            yield shell
        finally:
            shell.end()
