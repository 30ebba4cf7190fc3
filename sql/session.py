"""Settings of every database session, which override the defaults of the role and the database."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg

# Names in lower case. These override `alter role … set` and `alter database … set`.
RELIED_ON: Final[Mapping[str, str]] = {
    # How values are written and read.
    "datestyle": "ISO, MDY",
    "intervalstyle": "postgres",
    "timezone": "UTC",
    "bytea_output": "hex",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
    # Schemas of the tables; the URL may set others.
    "search_path": '"$user", public',
    # The fence waits for a row lock and then reads what the previous owner committed.
    "default_transaction_isolation": "read committed",
    # An error instead of rows missing because of a policy.
    "row_security": "off",
    "plan_cache_mode": "auto",
    # Compiling takes longer than any of our queries.
    "jit": "off",
    # Timeouts. A batch has none: after a timeout it would be retried and time out again.
    "statement_timeout": "0",
    "lock_timeout": "0",
    "transaction_timeout": "0",
    "idle_in_transaction_session_timeout": "30s",
    "idle_session_timeout": "0",
}
# Server version (as libpq reports it) since which a setting exists, if a tested version lacks it.
SINCE: Final[Mapping[str, int]] = {"transaction_timeout": 17_00_00}
# Settings that options in the URL may override.
OF_THE_URL: Final = frozenset({"search_path"})
# Startup parameters of the connection, which options do not change.
OF_THE_START: Final = frozenset({"application_name", "client_encoding"})


class UnusableDatabase(psycopg.OperationalError):
    """The database answers and rejects us; has the reason and the fix."""

    def __init__(self, says: str, fix: str) -> None:
        super().__init__(f"{says}: {fix}")
        self.says = says
        self.fix = fix


@dataclass(frozen=True, slots=True)
class Session:
    """The application's name, and its settings that extend or replace `RELIED_ON`."""

    application_name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    connect_timeout_s: int = 5

    def options(self) -> str:
        """Its settings as libpq's `options`, for external programs."""
        return " ".join(f"-c {name}={value}" for name, value in self.settings.items())

    def merged(self, options: str, server_version: int) -> dict[str, str]:
        """All settings by name: ours, and the URL's `options` for any others."""
        own = {**RELIED_ON, **self.settings}
        known = {name: own[name] for name in own if SINCE.get(name, 0) <= server_version}
        given = {
            name: value
            for name, value in parse_options(options)[0].items()
            if name in OF_THE_URL or name not in own.keys() | OF_THE_START
        }
        return {**known, **given}


def parse_options(options: str) -> tuple[dict[str, str], str]:
    """The settings in libpq's `options` (`-c name=value`, `--name=value`), and the other words."""
    settings: dict[str, str] = {}
    others = []
    words = _words(options)
    for word in words:
        text = next(words, "") if word == "-c" else word.removeprefix("-c").removeprefix("--")
        name, equals, value = text.partition("=")
        if equals and word.startswith(("-c", "--")):
            settings[name.replace("-", "_").lower()] = value
        else:
            others.append(word)
    return settings, " ".join(others)


def _words(options: str) -> Iterator[str]:
    """Splits at white space that no backslash escapes, as the server does."""
    word, escaped = "", False
    for character in options:
        if escaped or (not character.isspace() and character != "\\"):
            word, escaped = word + character, False
        elif character == "\\":
            escaped = True
        elif word:
            yield word
            word = ""
    if word:
        yield word


def server_pid(row: tuple[Any, ...] | None) -> int:
    """The pid of this session's server process, from `read_session`.

    Raises UnusableDatabase for a session in which we must not write.
    """
    pid, replication_role, restoring = row or (0, "", None)
    if replication_role != "origin":
        raise UnusableDatabase(
            f"session_replication_role is {replication_role!r} by default, which disables triggers "
            "and foreign keys",
            "run 'alter role … reset session_replication_role', or the same with 'alter database'",
        )
    if restoring == "on":
        raise UnusableDatabase(
            "timescaledb.restoring is on in this database",
            "after the restore, run 'select timescaledb_post_restore()'",
        )
    return int(pid)
