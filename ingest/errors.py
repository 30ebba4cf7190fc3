"""Classifies database and broker errors, and describes them in one sentence."""

from typing import Any, Final

import psycopg
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)

# Hints for an unavailable server or missing rights.
HINT_DATABASE: Final = "start the server, or correct FLEETGAUGE_DATABASE_URL"
HINT_KAFKA: Final = "check the broker and the FLEETGAUGE_KAFKA_… settings"
HINT_RIGHTS: Final = "grant it the rights that docs/operators/kafka-security.md lists"
AuthorizationError: Final = (
    TopicAuthorizationFailedError,
    GroupAuthorizationFailedError,
    ClusterAuthorizationFailedError,
)
# A missing relation, column or function: migrations create all of them.
NOT_MIGRATED: Final = (
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)

# Raised by the driver for a value that it cannot encode.
BY_DRIVER: Final = (psycopg.DataError, psycopg.ProgrammingError, psycopg.NotSupportedError)
# Data exceptions and constraint violations. An error of any other class may be temporary.
REFUSALS: Final = frozenset({"22", "23"})


def refusal(error: psycopg.Error) -> str | None:
    """Why the database rejects this content permanently; None if a retry may succeed."""
    if error.sqlstate is None and isinstance(error, BY_DRIVER):
        # The driver's message is left out: it may quote the value.
        return f"the database driver cannot encode it: {type(error).__name__}"
    if error.sqlstate is None or error.sqlstate[:2] not in REFUSALS:
        return None
    return f"SQLSTATE {error.sqlstate}: {sentence(error)}"


def sentence(error: BaseException) -> str:
    """The error in one line, without the SQL and the rows that the database adds."""
    if isinstance(error, psycopg.Error) and error.diag.message_primary:
        return f"{error.diag.message_primary}{_fix(error)}"
    name = type(error).__name__
    if isinstance(error, AuthorizationError):
        return f"the broker denies this login access ({name}: {_resources(error)}): {HINT_RIGHTS}"
    # Messages of aiokafka's errors begin with the class name.
    lines = str(error).strip().removeprefix(f"{name}: ").splitlines()
    return lines[0] if lines else name


def _resources(error: Any) -> str:
    """The topics or groups that the login may not access: the arguments of aiokafka's errors."""
    return ", ".join(str(one) for one in error.args)


def _fix(error: psycopg.Error) -> str:
    if isinstance(error, NOT_MIGRATED):
        return ": run 'fleetgauge migrate'"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return ": 'fleetgauge doctor' names the missing right and its GRANT"
    return ""
