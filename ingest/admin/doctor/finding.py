"""Findings of the doctor: a level, a sentence, and the command that fixes the fault."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from schemas.runtime.exits import DONE, FAILED, WARNINGS


class Level(StrEnum):
    """OK: nothing to do. WARNING: act soon. PROBLEM: act at once."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


EXIT_STATUS: Final = {Level.OK: DONE, Level.PROBLEM: FAILED, Level.WARNING: WARNINGS}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check; `facts` are its values by name, for programs."""

    check: str
    level: Level
    says: str
    hint: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def ok(check: str, says: str, **facts: Any) -> Finding:
    """A finding that needs no action."""
    return Finding(check, Level.OK, says, None, facts)


def warning(check: str, says: str, hint: str | None, **facts: Any) -> Finding:
    """A finding that will become a problem if nothing is done."""
    return Finding(check, Level.WARNING, says, hint, facts)


def problem(check: str, says: str, hint: str | None, **facts: Any) -> Finding:
    """A finding that something does not work, or will soon lose data or availability."""
    return Finding(check, Level.PROBLEM, says, hint, facts)


def worst(findings: Sequence[Finding]) -> Level:
    """The highest level among the findings."""
    found = {finding.level for finding in findings}
    return next((level for level in reversed(Level) if level in found), Level.OK)


def describe(findings: Sequence[Finding]) -> str:
    """One line per finding, with its hint below, for the terminal."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.level.value:<8} {finding.check:<11} {finding.says}")
        if finding.hint is not None:
            lines.append(f"{'':<20} -> {finding.hint}")
    return "\n".join(lines)
