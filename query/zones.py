"""Time zones by IANA name, from the package tzdata, so that every machine has the same."""

from functools import cache, lru_cache
from importlib import resources
from typing import Final
from zoneinfo import ZoneInfo

_PACKAGE: Final = "tzdata"
MAX_KEPT: Final = 1_024


@cache
def zone_names() -> frozenset[str]:
    """All accepted names, including links such as `Asia/Calcutta`."""
    text = resources.files(_PACKAGE).joinpath("zones").read_text(encoding="utf-8")
    return frozenset(text.split())


@lru_cache(MAX_KEPT)
def zone_of(name: str) -> ZoneInfo:
    """The zone with exactly this name; ValueError for an unknown one."""
    # Checked first, so that only a known name becomes a path.
    if name not in zone_names():
        raise ValueError("unknown time zone")
    file = resources.files(_PACKAGE).joinpath("zoneinfo", *name.split("/"))
    with file.open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)
