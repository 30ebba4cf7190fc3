"""What is to be reached, and why some of it is not: read from `targets.toml`, `reasons.toml`."""

from pathlib import Path
from typing import Final

import msgspec

from tests.bench.result import median

HERE: Final = Path(__file__).parent


class Target(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the page; without `least` and `most` it is only printed.

    `measurement` is the one that reaches it; `unit` stands behind the value.
    """

    name: str
    section: str
    measurement: str
    figure: str
    against: str
    least: float | None = None
    most: float | None = None
    unit: str = "times"

    def told(self) -> str:
        """What is to be reached, in words."""
        if self.least is not None:
            return f"{self.least:g} {self.unit}"
        if self.most is not None:
            return f"{self.most:g} {self.unit} at most"
        return "printed"

    def is_met(self, values: tuple[float, ...]) -> bool:
        """Whether the median of these values is on the right side."""
        value = median(values)
        return (self.least is None or value >= self.least) and (
            self.most is None or value <= self.most
        )


class _Targets(msgspec.Struct):
    targets: tuple[Target, ...]


def read_targets() -> tuple[Target, ...]:
    """In the order of the page."""
    return msgspec.toml.decode((HERE / "targets.toml").read_bytes(), type=_Targets).targets


def read_reasons() -> dict[str, str]:
    """Why a target was missed, by its name; shown only where it was."""
    return msgspec.toml.decode((HERE / "reasons.toml").read_bytes(), type=dict[str, str])
