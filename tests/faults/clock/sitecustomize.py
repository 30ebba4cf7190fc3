"""Sets the clock of a process apart from the machine's: Python imports this where PYTHONPATH leads.

`CLOCK_AHEAD_S` says by how many seconds. Only what `ingest` imports is shifted, for msgspec and
pydantic know the real class by its identity; timers go on as they are.
"""

import datetime as real
import os
import sys
from types import ModuleType
from typing import Any

AHEAD = real.timedelta(seconds=float(os.environ["CLOCK_AHEAD_S"]))
# The command itself takes the time for the doctor.
SHIFTED = {"ingest", "fleetgauge", "__main__"}


class _LikeReal(type):
    """What C code makes is of the real class, and counts as this one."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, real.datetime)


class _Shifted(real.datetime, metaclass=_LikeReal):
    @classmethod
    def now(cls, tz: real.tzinfo | None = None) -> Any:
        return real.datetime.now(tz) + AHEAD


# psycopg adapts a class by its name.
_Shifted.__module__, _Shifted.__name__, _Shifted.__qualname__ = "datetime", "datetime", "datetime"


class _Datetime(ModuleType):
    def __getattr__(self, name: str) -> Any:
        importer = sys._getframe(1).f_globals.get("__name__", "")  # noqa: SLF001 - who imports
        if name == "datetime" and importer.partition(".")[0] in SHIFTED:
            return _Shifted
        return getattr(real, name)


sys.modules["datetime"] = _Datetime("datetime")
