"""What the broker and the database have in common, however they are run."""

from enum import StrEnum
from typing import Protocol


class StackError(Exception):
    """The stack cannot do what was asked; the message says why, in one sentence."""


class Mode(StrEnum):
    """How a part is stopped: `fast` cleanly, `immediate` as in a crash."""

    FAST = "fast"
    IMMEDIATE = "immediate"


class Part(Protocol):
    """One server of an instance."""

    @property
    def name(self) -> str:
        """The part's name on the command line: `kafka` or `database`."""

    @property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports it listens on, its clients' port first."""

    def programs(self) -> list[str]:
        """Programs of this machine that it needs."""

    def prepare(self) -> None:
        """Fetch what it runs from, where that is not in the cache yet."""

    def start(self) -> None:
        """Start it on the instance's ports with the data it had; it may not be ready yet."""

    def await_ready(self) -> None:
        """Return once it answers its clients; `StackError` if it does not in time."""

    def stop(self, mode: Mode) -> None:
        """End it and wait for its end; nothing happens where it does not run."""

    def pid(self) -> int | None:
        """The process that serves, or None where it does not run."""

    def erase(self) -> None:
        """Delete its data; it must be stopped."""
