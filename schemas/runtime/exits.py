"""The exit statuses of every command: what each means, and what to do about it.

`make pages` writes them to `docs/operators/exit-statuses.md`: links are relative to that page. The
systemd and Kubernetes files depend on them: restarting after 2 never helps.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

DONE: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
# `ingest` made no progress; `doctor` found only warnings.
STALLED: Final = 3
WARNINGS: Final = 3
# As shells report SIGINT.
INTERRUPTED: Final = 130


class Ending(NamedTuple):
    """The meaning of a status, and what to do."""

    meaning: str
    then: str


NOTHING: Final = "nothing"
_PRINTED: Final = {
    DONE: Ending("printed", NOTHING),
    FAILED: Ending("the reader closed the pipe early, as `head` does", NOTHING),
}
_LOST: Final = "see `unacknowledged` in the last line: events that the broker did not acknowledge"
_SENT: Final = {DONE: Ending("stopped by a signal", _LOST)}
_BROKER: Final = "check that the broker answers and has the topics: `fleetgauge doctor`"

# The statuses that every command shares.
ALWAYS: Final[Mapping[int, Ending]] = {
    UNUSABLE: Ending(
        "invalid arguments or settings",
        "correct each one that the output names; restarting does not help",
    ),
    INTERRUPTED: Ending("Ctrl-C, in a command that has nothing to finish", NOTHING),
}
ENDINGS: Final[Mapping[str, Mapping[int, Ending]]] = {
    "migrate": {
        DONE: Ending("database and topics are migrated to this version", NOTHING),
        FAILED: Ending(
            "the database or the broker did not answer for 30 seconds, the server lacks "
            "TimescaleDB or has the other edition, a newer version has migrated the database, a "
            "migration failed, or a topic has "
            "[settings](ingest.md#topics-created-by-others) that lose records, such as "
            "[a retention longer than their samples'](retention.md#what-is-read-again)",
            "fix the cause in the last line and run it again; completed migrations stay",
        ),
    },
    "ingest": {
        DONE: Ending(
            "stopped by a signal; batches in progress are stored, or will be read again", NOTHING
        ),
        FAILED: Ending(
            "a [gap](ingest.md#gaps), a topic that is missing or has "
            "[settings](ingest.md#topics-created-by-others) that lose records, such as "
            "[a retention longer than their samples'](retention.md#what-is-read-again), a broker "
            "that rejects requests, a metrics address in use, or an internal error",
            "see the last line; start it again, after a gap only once its cause is known; "
            "`--log-level debug` logs the trace of an internal error",
        ),
        STALLED: Ending(
            "the watchdog: no progress for `FLEETGAUGE_STALL_TIMEOUT_MS`, or an event loop that "
            "hangs",
            "start it again, as the units do; find out what [blocked it](ingest.md#stalls)",
        ),
    },
    "serve": {
        DONE: Ending("stopped by a signal, all accepted requests answered", NOTHING),
        FAILED: Ending(
            "the address cannot be bound, or shutdown cut off requests",
            "see the last line: free the address, or raise `FLEETGAUGE_HTTP_DRAIN_TIMEOUT_MS`",
        ),
    },
    "maintain": {
        DONE: Ending(
            "every task, or with `--repair` every repair, succeeded; with `--refresh` samples are "
            "aggregated up to the time in the output",
            NOTHING,
        ),
        FAILED: Ending(
            "a task or a repair failed, another session ran upkeep for 30 s or, with `--refresh`, "
            "is refreshing, clocks differ, or the database or, with `--refresh`, the broker is "
            "unavailable",
            "see the output and [who holds a chunk](retention.md#watching-it), [which clock "
            "counts](retention.md#which-clock-counts), [who refreshes](refresh.md), "
            "[what cannot be repaired](conservation.md#repair)",
        ),
    },
    "erase": {
        DONE: Ending("erased, or counted with `--dry-run`; also if nothing was stored", NOTHING),
        FAILED: Ending(
            "the question was answered with no, a writer, a refresh or a job of the server held a "
            "lock for too long, or the database became unavailable",
            "the last line says whether anything was erased; run it again, with `--orphans` if "
            "[only the agents are gone](erasing.md#when-it-is-interrupted)",
        ),
    },
    "doctor": {
        DONE: Ending("no findings", NOTHING),
        FAILED: Ending(
            "a problem: something does not work, or will soon lose data or answers",
            "run the command that each finding names",
        ),
        WARNINGS: Ending("warnings only", "the same, before they become problems"),
    },
    "dlq list": {
        DONE: Ending("listed", NOTHING),
        FAILED: Ending("Kafka cannot be used", _BROKER),
    },
    "dlq show": {
        DONE: Ending("shown", NOTHING),
        FAILED: Ending(
            "the dead letter does not exist, or Kafka cannot be used",
            "take its position from `fleetgauge dlq list`",
        ),
    },
    "dlq replay": {
        DONE: Ending("all selected dead letters are replayed, now or before", NOTHING),
        FAILED: Ending(
            "a dead letter was skipped, the run was stopped or replaced by a newer one, or Kafka "
            "cannot be used",
            "see the output; [run it again](dead-letters.md#sending-it-again) for the rest",
        ),
    },
    "emit host": _SENT,
    "emit event": {
        DONE: Ending("all events are acknowledged", NOTHING),
        FAILED: Ending(
            "the broker did not acknowledge all of them within 10 seconds",
            "send them again: a duplicate counts once if the event has its own `ts`",
        ),
    },
    "emit fleet": {DONE: Ending("the scenario has ended, or a signal", _LOST)},
    "token": _PRINTED,
    "schema": _PRINTED,
    "completion": _PRINTED,
}
