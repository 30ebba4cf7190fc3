"""The commands of `fleetgauge dlq`; each imports its implementation when it runs."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import rich_click as click

from schemas.runtime.command import Group

REASONS: Final = ("malformed", "invalid", "future", "expired", "too_large", "refused")

WHICH: Final = "Which dead letters"
_OPTIONS: Final = (
    click.option(
        "--reason",
        "reasons",
        type=click.Choice(REASONS),
        multiple=True,
        help="Rejected for this reason; may be repeated.",
        panel=WHICH,
    ),
    click.option(
        "--since",
        metavar="TIME",
        help="Rejected at or after this time: RFC 3339, or a time ago: 90s, 15m, 2h, 7d.",
        panel=WHICH,
    ),
    click.option("--until", metavar="TIME", help="Rejected before this time.", panel=WHICH),
    click.option("--topic", metavar="NAME", help="From this topic.", panel=WHICH),
    click.option(
        "--partition",
        type=click.IntRange(min=0),
        metavar="N",
        help="From this partition.",
        panel=WHICH,
    ),
)


@click.group(
    cls=Group,
    examples={
        "fleetgauge dlq list --since 2h --reason invalid": "rejected events, and why",
        "fleetgauge dlq show fleet.samples/3/1742": "one of them in full",
        "fleetgauge dlq replay --reason too_large --since 1d --dry-run": "what would be replayed",
    },
)
def dlq() -> None:
    """List and show dead letters, and replay them after a fix."""


def _which(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the options that select dead letters."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dlq.command(
    "list",
    examples={
        "fleetgauge dlq list --since 2h --reason invalid": "a table, the newest last",
        "fleetgauge dlq list --json --limit 10": "the newest 10, for a script",
    },
)
@_which
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    metavar="N",
    show_default="50 in a table, all as JSON",
    help="Only the newest N.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON for each.")
def list_letters(*, limit: int | None, as_json: bool, **which: Any) -> None:
    """List dead letters: time, reason, origin, and whether they have been replayed."""
    from ingest.admin.dlq.listing import LISTED
    from ingest.admin.dlq.run import run_json, run_list

    kafka, filter_ = _dead_letters(**which)
    if as_json:
        sys.exit(run_json(kafka, filter_, limit))
    sys.exit(run_list(kafka, filter_, limit or LISTED))


@dlq.command(
    examples={
        "fleetgauge dlq show fleet.samples/3/1742": "by topic, partition, offset of the original",
        "fleetgauge dlq show fleet.samples/3/1742/17": "with the index in an array",
        "fleetgauge dlq show 0:86": "by its own partition and offset",
    }
)
@click.argument("place", metavar="TOPIC/PARTITION/OFFSET[/INDEX]|PARTITION:OFFSET")
def show(place: str) -> None:
    """Show a dead letter in full, by the original's position or by its own."""
    from ingest.admin.dlq.reader import target
    from ingest.admin.dlq.run import run_show
    from schemas.settings import KafkaSettings, load

    (kafka,) = load(KafkaSettings)
    try:
        at = target(place)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(run_show(kafka, at))


@dlq.command(
    "replay",
    examples={
        "fleetgauge dlq replay --reason too_large --since 1d --dry-run": "look first",
        "fleetgauge dlq replay --reason too_large --since 1d": "then replay them",
        "fleetgauge dlq replay --all --json": "everything, with the counts for a script",
    },
)
@_which
@click.option("--all", "everything", is_flag=True, help="Rejected for any reason.")
@click.option("--dry-run", is_flag=True, help="Report what would be replayed, change nothing.")
@click.option(
    "--most-replays",
    type=click.IntRange(min=1),
    default=3,
    show_default=True,
    metavar="N",
    help="Skip events that were replayed and rejected N times.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the counts as a line of JSON.")
def replay_letters(
    *, everything: bool, dry_run: bool, most_replays: int, as_json: bool, **which: Any
) -> None:
    """Send rejected events back to their original topics, each once."""
    from ingest.admin.dlq.listing import ForPrograms
    from ingest.admin.dlq.run import report_for_people, run_dry, run_replay

    if everything is bool(which["reasons"]):
        raise click.UsageError("give either --reason or --all")
    kafka, filter_ = _dead_letters(**which)
    report = ForPrograms() if as_json else report_for_people()
    sys.exit((run_dry if dry_run else run_replay)(kafka, filter_, most_replays, report))


def _dead_letters(since: str | None, until: str | None, **which: Any) -> Any:
    """The broker's settings, and the filter from the options."""
    from ingest.admin.dlq.filter import Filter, moment
    from schemas.settings import KafkaSettings, load

    (kafka,) = load(KafkaSettings)
    now = datetime.now(UTC)
    try:
        begin, end = moment("since", since, now), moment("until", until, now)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    return kafka, Filter(since=begin, until=end, **which)
