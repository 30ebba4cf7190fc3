"""What the doctor found: how bad it is, a sentence, and the command that fixes it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from schemas.runtime.exits import DONE, FAILED, WARNINGS


class Level(StrEnum):
    """Whether something has to be done: no; soon; at once."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


EXIT_STATUS: Final = {Level.OK: DONE, Level.PROBLEM: FAILED, Level.WARNING: WARNINGS}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `facts` are for programs, by name."""

    check: str
    level: Level
    says: str
    hint: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def ok(check: str, says: str, **facts: Any) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, says, None, facts)


def warning(check: str, says: str, hint: str | None, **facts: Any) -> Finding:
    """To be seen to, before it becomes a problem."""
    return Finding(check, Level.WARNING, says, hint, facts)


def problem(check: str, says: str, hint: str | None, **facts: Any) -> Finding:
    """Something does not work, or will soon lose data or answers."""
    return Finding(check, Level.PROBLEM, says, hint, facts)


def worst(findings: Sequence[Finding]) -> Level:
    """The level of all of them together."""
    found = {finding.level for finding in findings}
    return next((level for level in reversed(Level) if level in found), Level.OK)


def describe(findings: Sequence[Finding]) -> str:
    """For people: a line each, and the hint below."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.level.value:<8} {finding.check:<11} {finding.says}")
        if finding.hint is not None:
            lines.append(f"{'':<20} -> {finding.hint}")
    return "\n".join(lines)
