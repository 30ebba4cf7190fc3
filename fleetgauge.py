"""The command `fleetgauge`: a thin tree over ingest, query, emit and sql."""

import os
import sys
from typing import Final

import rich_click as click

from emit.commands import emit
from ingest.admin.dlq.commands import dlq
from schemas.runtime.command import NAME, Group, Helpful

# Each command imports its own dependencies: `emit` then needs no database driver or web server,
# and shell completion stays fast.

# Set by the script that `fleetgauge completion` prints.
COMPLETING: Final = "_FLEETGAUGE_COMPLETE"
SHELLS: Final = ("bash", "zsh", "fish")


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples={
        "fleetgauge migrate": "once, and after each update",
        "fleetgauge doctor": "find problems, and how to fix them",
        "fleetgauge emit fleet --help": "the options of a command, with examples",
    },
)
@click.command_panel(
    "Set up and maintain", commands=["migrate", "doctor", "maintain", "erase", "dlq"]
)
@click.command_panel("Run", commands=["ingest", "serve", "emit"])
@click.command_panel("Print", commands=["token", "schema", "completion"])
@click.version_option(package_name=NAME)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="info",
    show_default=True,
    envvar="FLEETGAUGE_LOG_LEVEL",
    help="Minimum severity of log lines.",
)
def main(log_level: str) -> None:
    """Fleetgauge: telemetry for fleets of software agents."""


main.add_command(dlq)
main.add_command(emit)


@main.command(examples={"fleetgauge migrate": "safe to repeat and to run concurrently"})
def migrate() -> None:
    """Migrate the database and the topics to this version."""
    from ingest.admin import reread
    from ingest.admin.topics import create_topics
    from schemas.settings import DatabaseSettings, KafkaSettings, load
    from sql.migrate import run

    database, kafka = load(DatabaseSettings, KafkaSettings)
    sys.exit(run(database) or create_topics(kafka) or reread.run(kafka, database))


@main.command(
    examples={
        "fleetgauge ingest": "until SIGTERM or Ctrl-C",
        "fleetgauge --log-level debug ingest": "with the most detailed log",
        "fleetgauge ingest --accept-gap": "after it stopped at a gap whose cause you know",
        "fleetgauge ingest --skip-unreadable": "after a partition could not be read",
    },
)
@click.option(
    "--accept-gap",
    is_flag=True,
    help="Continue across a gap between the stored offset and the log; its records are lost.",
)
@click.option(
    "--skip-unreadable",
    is_flag=True,
    help="Send unreadable record batches to the dead letters unchanged, and continue after them.",
)
def ingest(*, accept_gap: bool, skip_unreadable: bool) -> None:
    """Write what agents send from Kafka into TimescaleDB, exactly once."""
    from ingest.run import run
    from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings, load

    settings = load(DatabaseSettings, KafkaSettings, IngestSettings)
    sys.exit(run(*settings, accept_gap=accept_gap, skip_unreadable=skip_unreadable))


@main.command(
    examples={
        "fleetgauge maintain --dry-run": "show what would be removed",
        "fleetgauge maintain --json": "remove it, with output for a script",
        "fleetgauge maintain --repair": "recompute rollups that differ from the samples",
        "fleetgauge maintain --refresh": "aggregate samples while no ingest runs",
    },
)
@click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--repair", is_flag=True, help="Remove nothing; recompute incorrect rollups.")
@click.option("--refresh", is_flag=True, help="Remove nothing; aggregate the newest samples.")
def maintain(*, dry_run: bool, as_json: bool, repair: bool, refresh: bool) -> None:
    """Drop data older than its retention now, as ingest does every hour."""
    import msgspec

    from ingest.admin.conservation.command import describe_repairs
    from ingest.admin.conservation.command import repair as run_repair
    from ingest.admin.maintain import MaintainError, describe
    from ingest.admin.maintain import maintain as run
    from ingest.admin.refreshonce import describe_refresh, refresh_once
    from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings, load

    if repair and refresh:
        raise click.UsageError("--repair and --refresh exclude each other: name one of them")
    failed = False
    try:
        if refresh:
            database, kafka, ingest = load(DatabaseSettings, KafkaSettings, IngestSettings)
            every = ingest.refresh_interval
            refreshed = refresh_once(database, kafka, every, dry_run=dry_run)
            text, encoded = describe_refresh(refreshed), msgspec.json.encode(refreshed)
        elif repair:
            database, _ = load(DatabaseSettings, IngestSettings)
            repairs = run_repair(database, dry_run=dry_run)
            text, failed = describe_repairs(repairs), any(one.failure for one in repairs)
            encoded = msgspec.json.encode(repairs)
        else:
            database, ingest = load(DatabaseSettings, IngestSettings)
            outcomes = run(database, ingest, dry_run=dry_run)
            text, failed = describe(outcomes), any(one.failure for one in outcomes)
            encoded = msgspec.json.encode(outcomes)
    except MaintainError as error:
        raise click.ClickException(str(error)) from error
    click.echo(encoded if as_json else text)
    sys.exit(failed)


@main.command(
    examples={
        "fleetgauge erase --user alice --dry-run": "count what is stored of alice",
        "fleetgauge erase --user alice --agent a1 --yes": "one agent, without a question",
        "fleetgauge erase --orphans --yes --json": "the orphans that doctor reports, in a script",
    },
)
@click.option("--user", "user_id", metavar="ID", help="The user whose data is erased.")
@click.option("--agent", "agent_id", metavar="ID", help="Only this agent of the user.")
@click.option("--orphans", is_flag=True, help="Rows whose agent no longer exists.")
@click.option("--dry-run", is_flag=True, help="Count what would be erased, and erase nothing.")
@click.option("--yes", is_flag=True, help="Erase without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of relations.")
def erase(
    user_id: str | None,
    agent_id: str | None,
    *,
    orphans: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Permanently erase all data of a user or of an agent."""
    import msgspec

    from ingest.admin.erase import EraseError, Subject, count, describe
    from ingest.admin.erase import erase as run
    from schemas.settings import DatabaseSettings, load

    if (user_id is None) is not orphans or (orphans and agent_id is not None):
        raise click.UsageError("name either --user ID, with --agent ID or without, or --orphans")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError("--yes is required without a terminal")
    (database,) = load(DatabaseSettings)
    subject = Subject(user_id, agent_id)
    try:
        if not (dry_run or yes):
            click.echo(describe(count(database, subject)), err=True)
            click.confirm(f"Permanently erase all of this, of {subject}?", abort=True, err=True)
        erased = count(database, subject) if dry_run else run(database, subject)
    except EraseError as error:
        raise click.ClickException(str(error)) from error
    nothing = f"nothing is stored of {subject}"
    click.echo(msgspec.json.encode(erased) if as_json else describe(erased) or nothing)


@main.command(
    examples={
        "fleetgauge doctor": "a line for each finding, and its hint below",
        "fleetgauge doctor --json": "the same for a script, with the figures",
    },
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON: a list of findings.")
def doctor(*, as_json: bool) -> None:
    """Check the database and the broker, and print each problem with its fix."""
    import asyncio
    from datetime import UTC, datetime

    import msgspec

    from ingest.admin.doctor.examine import examine
    from ingest.admin.doctor.finding import EXIT_STATUS, describe, worst
    from schemas.runtime.progressbar import waiting
    from schemas.settings import DatabaseSettings, KafkaSettings, load

    settings = load(DatabaseSettings, KafkaSettings)
    with waiting("checking the database and the broker"):
        findings = asyncio.run(examine(*settings, datetime.now(UTC)))
    click.echo(msgspec.json.encode(findings) if as_json else describe(findings))
    sys.exit(EXIT_STATUS[worst(findings)])


@main.command(
    examples={
        "fleetgauge serve": "on 127.0.0.1:8080, until SIGTERM or Ctrl-C",
        "FLEETGAUGE_HTTP_PORT=0 fleetgauge serve": "on any free port, which the log names",
    },
)
def serve() -> None:
    """Answer dashboards over HTTP."""
    from query.serve import run
    from schemas.settings import DatabaseSettings, HttpSettings, load

    settings = load(DatabaseSettings, HttpSettings)
    run(*settings)


@main.command(
    examples={
        "fleetgauge token --user alice": "reads alice's data for an hour",
        "fleetgauge token --platform --name ops-bob --ttl 7d": "reads all data for a week",
    },
)
@click.option("--user", "user_id", metavar="ID", help="A token that reads this user's data.")
@click.option("--platform", is_flag=True, help="A token that reads all data.")
@click.option(
    "--name",
    metavar="NAME",
    help="Holder of a platform token: each name has its own rate limit.  [default: platform]",
)
@click.option(
    "--ttl",
    default="1h",
    show_default=True,
    metavar="SPAN",
    help="Lifetime: 90s, 15m, 1h, 7d. At most 90d, or FLEETGAUGE_JWT_MAX_TTL_S.",
)
def token(user_id: str | None, name: str | None, *, platform: bool, ttl: str) -> None:
    """Print a token for the HTTP service, signed with FLEETGAUGE_JWT_SECRET."""
    from query.token import issue_platform, issue_user
    from schemas.settings import HttpSettings, load

    if (user_id is None) is not platform:
        raise click.UsageError("name either --user ID or --platform")
    if user_id is not None and name is not None:
        raise click.UsageError("--name requires --platform")
    (http,) = load(HttpSettings)
    try:
        if user_id is not None:
            click.echo(issue_user(http, user_id, ttl))
        else:
            click.echo(issue_platform(http, name or "platform", ttl))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@main.command(
    examples={
        "fleetgauge schema > fleetgauge.schema.json": "events and answers",
        "fleetgauge schema --asyncapi > asyncapi.json": "topics and messages",
    },
)
@click.option("--asyncapi", "is_asyncapi", is_flag=True, help="Print the AsyncAPI 3 document.")
def schema(*, is_asyncapi: bool) -> None:
    """Print the JSON Schema of events and answers."""
    import msgspec

    from schemas.asyncapi import asyncapi
    from schemas.export import json_schema

    document = asyncapi() if is_asyncapi else json_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


@main.command(
    cls=Helpful,
    examples={
        "source <(fleetgauge completion bash)": "this bash; in ~/.bashrc: every bash",
        "fleetgauge completion zsh > ~/.zfunc/_fleetgauge": "zsh, with ~/.zfunc in fpath",
        "fleetgauge completion fish > ~/.config/fish/completions/fleetgauge.fish": "fish",
    },
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the shell script that completes commands, options and choices."""
    from click.shell_completion import get_completion_class

    if (of_shell := get_completion_class(shell)) is not None:
        click.echo(of_shell(main, {}, NAME, COMPLETING).source(), nl=False)


def run() -> None:
    """Entry point of the process; redacts the settings' secrets in everything on stderr."""
    if COMPLETING not in os.environ:
        from schemas.runtime.secrets import redacting

        sys.stderr = redacting(sys.stderr)
    main(prog_name=NAME)


if __name__ == "__main__":
    run()
