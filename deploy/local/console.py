"""What the commands tell the person who runs them."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def say(line: str) -> None:
    """Write a line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def complain(line: str) -> None:
    """Write a line to the standard error."""
    sys.stderr.write(f"{line}\n")


@contextmanager
def timed(step: str) -> Iterator[None]:
    """Tell a step when it is done, with the seconds it took."""
    begun = time.monotonic()
    yield
    say(f"{step:<28} {time.monotonic() - begun:6.1f} s")
