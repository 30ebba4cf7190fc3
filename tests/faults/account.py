"""What became of all that was produced, as numbers."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Account:
    """Events of one run, deduplicated by the contract's keys: a duplicate counts once.

    `lost` are in neither the tables nor the dead letters, or were passed over by an offset;
    `doubled` were written more often than they were read, or never sent.
    """

    produced: int
    stored: int
    dead_lettered: int
    lost: int
    doubled: int

    def __add__(self, other: "Account") -> "Account":
        mine, theirs = asdict(self), asdict(other)
        return Account(**{name: mine[name] + theirs[name] for name in mine})
