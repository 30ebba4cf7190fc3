"""Errors of the database: which refuse content for good, and what may be said of them."""

from typing import Final

import psycopg

# Data exceptions and violated constraints. Every other class may pass with time.
REFUSALS: Final = frozenset({"22", "23"})


def refusal(error: psycopg.Error) -> str | None:
    """Why the database takes this content neither now nor later; None where that is not so."""
    if error.sqlstate is None or error.sqlstate[:2] not in REFUSALS:
        return None
    return f"SQLSTATE {error.sqlstate}: {sentence(error)}"


def sentence(error: BaseException) -> str:
    """What went wrong, in a line: without the SQL and the rows that the database adds."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return error.diag.message_primary
    told = str(error).strip().splitlines()
    return told[0] if told else type(error).__name__
