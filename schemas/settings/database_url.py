"""Validates the database URL."""

import re
from typing import Final

TAKES: Final = (
    "takes postgresql://user:password@host:port/database; "
    "in the password / ? # @ % are written as %2F %3F %23 %40 %25"
)
# An unescaped one of these ends the password early; the rest of it would be parsed as a host name
# and appear in errors.
_SHAPE: Final = re.compile(r"postgres(ql)?://([^/?#@]*@)?[^/?#@]*/[^/?#@]+(\?.*)?", re.S)


def check_database_url(url: str) -> None:
    """Raises ValueError, without any part of the URL, if the driver cannot parse it as intended."""
    # Only commands that use the database have its driver.
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    if not _SHAPE.fullmatch(url):
        raise ValueError(TAKES)
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        raise ValueError(TAKES) from None
