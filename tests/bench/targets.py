"""Targets from `targets.toml`, and reasons for missed ones from `reasons.toml`."""

from pathlib import Path
from typing import Final

import msgspec

from tests.bench.result import median

HERE: Final = Path(__file__).parent


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One row of the page. Without `least` and `most` the figure is only printed.

    `measurement` names the measurement that produces the figure; `unit` follows the value.
    """

    name: str
    section: str
    measurement: str
    figure: str
    against: str
    least: float | None = None
    most: float | None = None
    unit: str = "times"

    def goal(self) -> str:
        """The limit with its unit, as printed in the column `target`."""
        if self.least is not None:
            return f"{self.least:g} {self.unit}"
        if self.most is not None:
            return f"{self.most:g} {self.unit} at most"
        return "none"

    def is_met(self, values: tuple[float, ...]) -> bool:
        """Whether the median of these values is within the limit."""
        value = median(values)
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


class _Targets(msgspec.Struct):
    targets: tuple[Target, ...]


def read_targets() -> tuple[Target, ...]:
    """All targets, in the order of the page."""
    return msgspec.toml.decode((HERE / "targets.toml").read_bytes(), type=_Targets).targets


def read_reasons() -> dict[str, str]:
    """The reason for each missed target, by the target's name."""
    return msgspec.toml.decode((HERE / "reasons.toml").read_bytes(), type=dict[str, str])
