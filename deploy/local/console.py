"""Console output of the commands."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str) -> None:
    """Print a line and flush."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Print a line to standard error."""
    sys.stderr.write(f"{line}\n")


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Print the step when it is done, with its duration in seconds."""
    begun = time.monotonic()
    yield
    say(f"{step:<28} {time.monotonic() - begun:6.1f} s")
