"""What the database's URL may look like."""

import re
from typing import Final

TAKES: Final = (
    "takes postgresql://user:password@host:port/database; "
    "in the password / ? # @ % are written as %2F %3F %23 %40 %25"
)
# A password with one of these as it is would end elsewhere than meant, and be told as a host's name
# by whoever cannot find it.
_SHAPE: Final = re.compile(r"postgres(ql)?://([^/?#@]*@)?[^/?#@]*/[^/?#@]+(\?.*)?", re.S)


def check_database_url(url: str) -> None:
    """Raises ValueError, without a word of the URL, where the driver could not read it as meant."""
    # Only who uses the database has its driver.
    from psycopg import ProgrammingError
    from psycopg.conninfo import conninfo_to_dict

    if not _SHAPE.fullmatch(url):
        raise ValueError(TAKES)
    try:
        conninfo_to_dict(url)
    except ProgrammingError:
        raise ValueError(TAKES) from None
