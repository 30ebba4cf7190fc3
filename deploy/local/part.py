"""The interface of the broker and the database, with or without Docker."""

from enum import StrEnum
from typing import Protocol


class StackError(Exception):
    """A command of the stack failed; the message has the reason in one sentence."""


class Mode(StrEnum):
    """How to stop a part: `fast` cleanly, `immediate` as in a crash."""

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
        """Programs that it needs on this machine."""

    def prepare(self) -> None:
        """Fetch its programs, unless they are cached."""

    def start(self) -> None:
        """Start it on the instance's ports with its existing data; it may not be ready yet."""

    def await_ready(self) -> None:
        """Return once it answers clients; `StackError` on timeout."""

    def stop(self, mode: Mode) -> None:
        """Stop it and wait for its end; does nothing if it is not running."""

    def pid(self) -> int | None:
        """The server's process id, None if it is not running."""

    def erase(self) -> None:
        """Delete its data; it must be stopped first."""
