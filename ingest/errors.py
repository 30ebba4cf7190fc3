"""Errors of the database: which refuse content for good, and what may be said of them."""

from typing import Any, Final

import psycopg
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

# What ends the sentence of an error, where nobody answers.
HINT_DATABASE: Final = "start the server, or correct FLEETGAUGE_DATABASE_URL"
HINT_KAFKA: Final = "look at the broker, and at the settings FLEETGAUGE_KAFKA_…"
HINT_RIGHTS: Final = "grant it the rights that docs/operators/kafka-security.md lists"
AuthorizationError: Final = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)
# What is asked for is not there, and all of it is what migrations make.
NOT_MIGRATED: Final = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)

# What the driver raises by itself at a value that it cannot encode.
BY_DRIVER: Final = (psycopg.DataError, psycopg.ProgrammingError, psycopg.NotSupportedError)
# Data exceptions and violated constraints. Every other class may pass with time.
REFUSALS: Final = frozenset({"22", "23"})


def refusal(error: psycopg.Error) -> str | None:
    """Why the database takes this content neither now nor later; None where that is not so."""
    if error.sqlstate is None and isinstance(error, BY_DRIVER):
        # Before anything is sent: its message may quote the value.
        return f"the database driver cannot encode it: {type(error).__name__}"
    if error.sqlstate is None or error.sqlstate[:2] not in REFUSALS:
        return None
    return f"SQLSTATE {error.sqlstate}: {sentence(error)}"


def sentence(error: BaseException) -> str:
    """What went wrong, in a line: without the SQL and the rows that the database adds."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{error.diag.message_primary}{_fix(error)}"
    name = type(error).__name__
    if isinstance(error, AuthorizationError):
        return f"the broker refuses this login ({name}: {_named(error)}): {HINT_RIGHTS}"
    # Kafka's begin with the name of their class.
    told = str(error).strip().removeprefix(f"{name}: ").splitlines()
    return told[0] if told else name


def _named(error: Any) -> str:
    """What the login is not let at: aiokafka's errors have a topic, or a group, for an argument."""
    return ", ".join(str(one) for one in error.args)


def _fix(error: psycopg.Error) -> str:
    if isinstance(error, NOT_MIGRATED):
        return ": run 'fleetgauge migrate'"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return ": 'fleetgauge doctor' names the missing right and its GRANT"
    return ""
