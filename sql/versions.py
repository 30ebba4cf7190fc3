"""Pairs of PostgreSQL and TimescaleDB versions with known faults."""

from dataclasses import dataclass
from typing import Final

from sql.edition import Edition

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BadPair:
    """PostgreSQL from a minor release of one major on, with TimescaleDB up to a version."""

    postgresql: Version
    timescaledb: Version
    edition: Edition
    says: str


BAD_PAIRS: Final = (
    BadPair(
        postgresql=(17, 12),
        timescaledb=(2, 29, 2),
        edition=Edition.COMMUNITY,
        says="every background job counts as failed and is delayed, though its work is committed "
        "('cannot drop portal \"\" while it is being set up'): run PostgreSQL 17.10 or older, or a "
        "TimescaleDB newer than 2.29.2",
    ),
)


def known_faults(postgresql: str, timescaledb: str, edition: Edition) -> list[str]:
    """A sentence for each fault of this pair of `server_version` and the extension's version."""
    server, extension = version_of(postgresql), version_of(timescaledb)
    return [
        f"PostgreSQL {postgresql.split()[0]} with TimescaleDB {timescaledb}: {bad.says}"
        for bad in BAD_PAIRS
        if edition is bad.edition
        and server[:1] == bad.postgresql[:1]
        and server >= bad.postgresql
        and extension <= bad.timescaledb
    ]


def version_of(text: str) -> Version:
    """The numbers at its start: `17.12 (Debian 17.12-1)` is (17, 12), `2.30.0-dev` (2, 30, 0)."""
    numbers: list[int] = []
    for part in text.split()[0].split("-")[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)
