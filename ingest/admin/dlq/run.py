"""Runs the commands of `fleetgauge dlq`; each function returns an exit code."""

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import AbstractContextManager
from typing import Any, Final

from aiokafka.errors import KafkaError, ProducerFenced
from rich.console import Console

from ingest.admin.dlq.detail import detail_of, further_detail_of
from ingest.admin.dlq.filter import Filter
from ingest.admin.dlq.listing import ForPeople, LetterLines, Listing, Newest, Report, Tally
from ingest.admin.dlq.policy import ReplayPolicy, SkipReason, read_replayed
from ingest.admin.dlq.reader import Target, find, matching_letters, open_topic
from ingest.admin.dlq.replay import ReplayResult, chosen, replay
from ingest.errors import HINT_KAFKA, sentence
from ingest.kafka.topic import TopicError
from schemas.runtime.command import complain
from schemas.runtime.exits import DONE, FAILED
from schemas.runtime.progressbar import Done, shown
from schemas.settings import KafkaSettings

# The width of a table that is written to a file or a pipe.
WIDE: Final = 240


def run_list(kafka: KafkaSettings, filter_: Filter, most: int) -> int:
    """Prints the newest dead letters as a table, and the count for each reason."""
    return _ended(_list(kafka, filter_, Tally(_console(), most)))


def run_json(kafka: KafkaSettings, filter_: Filter, most: int | None) -> int:
    """Prints the newest dead letters as lines of JSON; all if `most` is None."""
    lines = LetterLines(sys.stdout)
    return _ended(_list(kafka, filter_, lines if most is None else Newest(lines, most)))


def run_show(kafka: KafkaSettings, at: Target) -> int:
    """Prints the dead letters at a position in full."""
    return _ended(_show(kafka, at))


def run_dry(kafka: KafkaSettings, filter_: Filter, most_replays: int, report: Report) -> int:
    """Reports what `run_replay` would replay, without replaying it."""
    return _ended(_try(kafka, filter_, most_replays, report))


def run_replay(kafka: KafkaSettings, filter_: Filter, most_replays: int, report: Report) -> int:
    """Replays dead letters until all are replayed, or until SIGTERM or SIGINT."""
    return _ended(_replay(kafka, filter_, most_replays, report))


def report_for_people() -> Report:
    """A report as wide as its terminal."""
    return ForPeople(_console())


def _ended(work: Coroutine[Any, Any, int]) -> int:
    try:
        return asyncio.run(work)
    except ProducerFenced:
        complain(
            "this replay was stopped: another one has started, or it stalled for too long; "
            "run it again to replay the rest"
        )
    except KafkaError as error:
        complain(f"Kafka cannot be used: {sentence(error)}; {HINT_KAFKA}")
    except TopicError as error:
        complain(str(error))
    return FAILED


async def _list(kafka: KafkaSettings, filter_: Filter, listing: Listing) -> int:
    replayed = await read_replayed(kafka)
    async with open_topic(kafka, kafka.deadletter_topic) as dead_letters:
        with _progress() as on_progress:
            async for letter in matching_letters(dead_letters, filter_, on_progress):
                listing.add(letter, replayed=letter.place in replayed)
    listing.end()
    return DONE


async def _show(kafka: KafkaSettings, at: Target) -> int:
    replayed = await read_replayed(kafka)
    async with open_topic(kafka, kafka.deadletter_topic) as dead_letters:
        with _progress() as on_progress:
            found = await find(dead_letters, at, on_progress)
    if not found:
        complain(f"no dead letter at {at}: run 'fleetgauge dlq list' to see their positions")
        return FAILED
    details = []
    shown: set[tuple[int, int]] = set()
    for letter in found:
        own = letter.partition, letter.offset
        page = further_detail_of if own in shown else detail_of
        shown.add(own)
        details.append(page(letter, replayed=letter.place in replayed))
    sys.stdout.write("\n\n\n".join(details) + "\n")
    return DONE


async def _try(kafka: KafkaSettings, filter_: Filter, most_replays: int, report: Report) -> int:
    policy = ReplayPolicy(kafka, await read_replayed(kafka), most_replays)
    outcome = ReplayResult()
    async with open_topic(kafka, kafka.deadletter_topic) as dead_letters:
        with _progress() as on_progress:
            matching = matching_letters(dead_letters, filter_, on_progress)
            async for letter in chosen(matching, policy, outcome):
                report.listing.add(letter, replayed=False)
                outcome.replayed += 1
    report.listing.end()
    report.dry_run_ended(outcome)
    return _status(outcome)


def _ignore_broker(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    # The client's background tasks raise the same error that the caller gets.
    if not isinstance(context.get("exception"), KafkaError):
        loop.default_exception_handler(context)


async def _replay(kafka: KafkaSettings, filter_: Filter, most_replays: int, report: Report) -> int:
    outcome = ReplayResult()
    with _progress() as on_progress:
        work = asyncio.create_task(replay(kafka, filter_, most_replays, outcome, on_progress))
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_ignore_broker)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, work.cancel)
        # Report the result even after a failure or a signal.
        await asyncio.wait({work})
    report.replay_ended(outcome)
    if work.cancelled():
        complain("stopped; run it again to replay the rest")
        return FAILED
    work.result()
    return _status(outcome)


def _status(outcome: ReplayResult) -> int:
    """Returns FAILED if dead letters were skipped for any reason but an earlier replay."""
    left = outcome.skipped.keys() - {SkipReason.BEFORE}
    return FAILED if left else DONE


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDE)


def _progress() -> AbstractContextManager[Done]:
    return shown("dead letters read")
