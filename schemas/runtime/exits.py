"""The exit statuses of every command: what each means, and what to do about it.

They stand on `docs/operators/exit-statuses.md`, which `make pages` writes: links are relative to
that page. A service manager's rules rest on them: restarting after 2 never helps.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

DONE: Final = 0
FAILED: Final = 1
UNUSABLE: Final = 2
# Of `ingest`: it stood still; of `doctor`: warnings, and nothing worse.
STALLED: Final = 3
WARNINGS: Final = 3
# As shells tell of SIGINT.
INTERRUPTED: Final = 130


class Ending(NamedTuple):
    """What a status says, and what whoever runs the command does then."""

    meaning: str
    then: str


NOTHING: Final = "nothing"
_PRINTED: Final = {
    DONE: Ending("it is printed", NOTHING),
    FAILED: Ending("whoever reads it has gone before its end, as `head` does", NOTHING),
}
_LOST: Final = "look at `unacknowledged` in the last line: what the broker had not taken in the end"
_SENT: Final = {DONE: Ending("stopped by a signal", _LOST)}
_BROKER: Final = "see that the broker answers and has the topics: `fleetgauge doctor`"

# What any command may end with, besides its own.
ALWAYS: Final[Mapping[int, Ending]] = {
    UNUSABLE: Ending(
        "words or settings that cannot be used",
        "the sentences before it name each; correct them: starting it again does not help",
    ),
    INTERRUPTED: Ending("Ctrl-C, in a command that has nothing to finish", NOTHING),
}
ENDINGS: Final[Mapping[str, Mapping[int, Ending]]] = {
    "migrate": {
        DONE: Ending("database and topics have this version's shape", NOTHING),
        FAILED: Ending(
            "the database or the broker did not answer for 30 seconds, the server has no "
            "TimescaleDB or the other edition, a newer version has migrated the database, a "
            "migration failed, or a topic has "
            "[settings](ingest.md#topics-made-by-others) that lose records, such as "
            "[a retention longer than their samples'](retention.md#what-is-read-again)",
            "the last line says which; run it again once that is fixed: what was done stays",
        ),
    },
    "ingest": {
        DONE: Ending(
            "stopped by a signal; what was under way is stored, or will be again", NOTHING
        ),
        FAILED: Ending(
            "a [gap](ingest.md#gaps), a topic that is missing or has "
            "[settings](ingest.md#topics-made-by-others) that lose records, such as "
            "[a retention longer than their samples'](retention.md#what-is-read-again), a broker "
            "that refuses, the metrics' address that is taken, or a fault",
            "the last line says which; start it again, but at a gap find out first why; with "
            "`--log-level debug` a fault's trace is logged",
        ),
        STALLED: Ending(
            "the watchdog: no progress for `FLEETGAUGE_STALL_TIMEOUT_MS`, or an event loop that "
            "hangs",
            "start it again, as the units do; look for what it "
            "[stands on](ingest.md#standing-still)",
        ),
    },
    "serve": {
        DONE: Ending("stopped by a signal, all accepted requests answered", NOTHING),
        FAILED: Ending(
            "an address that cannot be had, or requests cut off at the end",
            "the last line says which: free the address, or lengthen "
            "`FLEETGAUGE_HTTP_DRAIN_TIMEOUT_MS`",
        ),
    },
    "maintain": {
        DONE: Ending(
            "every task, or with `--repair` every repair, went well; with `--refresh` samples are "
            "aggregated as far as the output says",
            NOTHING,
        ),
        FAILED: Ending(
            "a task or a repair failed, another session does upkeep at this moment or, with "
            "`--refresh`, refreshes, clocks differ, or the database or with `--refresh` the broker "
            "is away",
            "the output says which; [who holds a chunk](retention.md#watching-it), [which clock "
            "counts](retention.md#which-clock-counts), [who refreshes](refresh.md), "
            "[what cannot be repaired](conservation.md#repair)",
        ),
    },
    "erase": {
        DONE: Ending("erased, or counted with `--dry-run`; also where nothing was stored", NOTHING),
        FAILED: Ending(
            "the answer was no, a writer, a refresh or a job of the server held a lock for too "
            "long, or the database went away",
            "the last line says whether anything was erased; run it again, with `--orphans` where "
            "[only the agents are gone](erasing.md#when-it-is-interrupted)",
        ),
    },
    "doctor": {
        DONE: Ending("all is well", NOTHING),
        FAILED: Ending(
            "a problem: something does not work, or will soon lose data or answers",
            "the command that each finding names",
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
            "there is no such dead letter, or Kafka cannot be used",
            "take the place from `fleetgauge dlq list`",
        ),
    },
    "dlq replay": {
        DONE: Ending("all that was wanted is replayed, now or before", NOTHING),
        FAILED: Ending(
            "something was passed over, the run was stopped or replaced by a newer one, or Kafka "
            "cannot be used",
            "the output says which; [run it again](dead-letters.md#sending-it-again) for what is "
            "left",
        ),
    },
    "emit host": _SENT,
    "emit event": {
        DONE: Ending("all events are acknowledged", NOTHING),
        FAILED: Ending(
            "the broker did not acknowledge all of them within 10 seconds",
            "send them again: an event that arrived twice counts once, if it has its own `ts`",
        ),
    },
    "emit fleet": {DONE: Ending("the scenario has ended, or a signal", _LOST)},
    "token": _PRINTED,
    "schema": _PRINTED,
    "completion": _PRINTED,
}
