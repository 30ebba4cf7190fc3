"""The command `fleetgauge`: a thin tree over ingest, query, emit and sql."""

import os
import sys
from typing import Final

import rich_click as click

from emit.commands import emit
from ingest.admin.dlq.commands import dlq
from schemas.runtime.command import NAME, Group, Helpful

# Each command imports what it runs: `emit` works where neither database nor web server is there,
# and a shell that completes a word waits for none of it.

# Set by the script that `fleetgauge completion` prints.
COMPLETING: Final = "_FLEETGAUGE_COMPLETE"
SHELLS: Final = ("bash", "zsh", "fish")


@click.group(
    cls=Group,
    context_settings={"help_option_names": ["-h", "--help"]},
    examples={
        "fleetgauge migrate": "once, and after each update",
        "fleetgauge doctor": "what is wrong, and how to fix it",
        "fleetgauge emit fleet --help": "the options of a command, with examples",
    },
)
@click.command_panel(
    "Set up and look after", commands=["migrate", "doctor", "maintain", "erase", "dlq"]
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
    help="Least severe log lines to write.",
)
def main(log_level: str) -> None:
    """Fleetgauge: telemetry for fleets of software agents."""


main.add_command(dlq)
main.add_command(emit)


@main.command(examples={"fleetgauge migrate": "safe to repeat, and from many at once"})
def migrate() -> None:
    """Bring the database and the topics to this version's shape."""
    from ingest.admin import reread
    from ingest.admin.topics import create_topics
    from schemas.settings import DatabaseSettings, KafkaSettings, load
    from sql.migrate import run

    database, kafka = load(DatabaseSettings, KafkaSettings)
    sys.exit(run(database) or create_topics(kafka) or reread.run(kafka, database))


@main.command(
    examples={
        "fleetgauge ingest": "until SIGTERM or Ctrl-C",
        "fleetgauge --log-level debug ingest": "with all that there is to tell",
        "fleetgauge ingest --accept-gap": "after it stopped at a gap, and you know why",
        "fleetgauge ingest --skip-unreadable": "after a partition could not be read",
    },
)
@click.option(
    "--accept-gap",
    is_flag=True,
    help="Go on where stored offsets and the log do not meet; records between are lost.",
)
@click.option(
    "--skip-unreadable",
    is_flag=True,
    help="Send batches that cannot be read to the dead letters as they are, and go on behind them.",
)
def ingest(*, accept_gap: bool, skip_unreadable: bool) -> None:
    """Write what agents send from Kafka into TimescaleDB, exactly once."""
    from ingest.run import run
    from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings, load

    settings = load(DatabaseSettings, KafkaSettings, IngestSettings)
    sys.exit(run(*settings, accept_gap=accept_gap, skip_unreadable=skip_unreadable))


@main.command(
    examples={
        "fleetgauge maintain --dry-run": "what would be removed",
        "fleetgauge maintain --json": "remove it, and tell a script",
        "fleetgauge maintain --repair": "recompute rollups that differ from the samples",
        "fleetgauge maintain --refresh": "aggregate samples, where no ingest runs to do it",
    },
)
@click.option("--dry-run", is_flag=True, help="Tell what would be done, and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option("--repair", is_flag=True, help="Remove nothing; recompute rollups that are wrong.")
@click.option("--refresh", is_flag=True, help="Remove nothing; aggregate the newest samples.")
def maintain(*, dry_run: bool, as_json: bool, repair: bool, refresh: bool) -> None:
    """Do at once what ingest does every hour: drop what is older than its retention."""
    import msgspec

    from ingest.admin.conservation.command import describe_repairs
    from ingest.admin.conservation.command import repair as run_repair
    from ingest.admin.maintain import MaintainError, describe
    from ingest.admin.maintain import maintain as run
    from ingest.admin.refreshonce import describe_refresh, refresh_once
    from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings, load

    if repair and refresh:
        raise click.UsageError("--repair and --refresh are two tasks: name one of them")
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
        "fleetgauge erase --user alice --dry-run": "what is stored of alice",
        "fleetgauge erase --user alice --agent a1 --yes": "one agent, without being asked",
        "fleetgauge erase --orphans --yes --json": "what the doctor calls orphans, for a script",
    },
)
@click.option("--user", "user_id", metavar="ID", help="The user whose data is erased.")
@click.option("--agent", "agent_id", metavar="ID", help="Only this agent of the user.")
@click.option("--orphans", is_flag=True, help="Rows whose agent no longer exists.")
@click.option("--dry-run", is_flag=True, help="Count what would be erased, and leave it there.")
@click.option("--yes", is_flag=True, help="Erase without asking.")
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of relations.")
def erase(
    user_id: str | None,
    agent_id: str | None,
    *,
    orphans: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Erase all that is stored of a user or of an agent, for good."""
    import msgspec

    from ingest.admin.erase import EraseError, Subject, count, describe
    from ingest.admin.erase import erase as run
    from schemas.settings import DatabaseSettings, load

    if (user_id is None) is not orphans or (orphans and agent_id is not None):
        raise click.UsageError("name either --user ID, with --agent ID or without, or --orphans")
    if not (dry_run or yes or sys.stdin.isatty()):
        raise click.UsageError("--yes is needed where nobody can be asked")
    (database,) = load(DatabaseSettings)
    subject = Subject(user_id, agent_id)
    try:
        if not (dry_run or yes):
            click.echo(describe(count(database, subject)), err=True)
            click.confirm(f"Erase all of this, of {subject}, for good?", abort=True, err=True)
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
@click.option("--json", "as_json", is_flag=True, help="For programs: a list of findings.")
def doctor(*, as_json: bool) -> None:
    """Examine the database and the broker, and print what is wrong and how to fix it."""
    import asyncio
    from datetime import UTC, datetime

    import msgspec

    from ingest.admin.doctor.examine import examine
    from ingest.admin.doctor.finding import EXIT_STATUS, describe, worst
    from schemas.runtime.progressbar import waiting
    from schemas.settings import DatabaseSettings, KafkaSettings, load

    settings = load(DatabaseSettings, KafkaSettings)
    with waiting("looking at the database and the broker"):
        findings = asyncio.run(examine(*settings, datetime.now(UTC)))
    click.echo(msgspec.json.encode(findings) if as_json else describe(findings))
    sys.exit(EXIT_STATUS[worst(findings)])


@main.command(
    examples={
        "fleetgauge serve": "on 127.0.0.1:8080, until SIGTERM or Ctrl-C",
        "FLEETGAUGE_HTTP_PORT=0 fleetgauge serve": "on a port that is free; the log tells it",
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
        "fleetgauge token --user alice": "reads alice's own for an hour",
        "fleetgauge token --platform --name ops-bob --ttl 7d": "reads everything for a week",
    },
)
@click.option("--user", "user_id", metavar="ID", help="The user whose own data may be read.")
@click.option("--platform", is_flag=True, help="Everything may be read.")
@click.option(
    "--name",
    metavar="NAME",
    help="Whose token of the platform it is: each name has a rate limit of its own.  "
    "[default: platform]",
)
@click.option(
    "--ttl",
    default="1h",
    show_default=True,
    metavar="SPAN",
    help="How long it holds: 90s, 15m, 1h, 7d. At most 90d, or FLEETGAUGE_JWT_MAX_TTL_S.",
)
def token(user_id: str | None, name: str | None, *, platform: bool, ttl: str) -> None:
    """Print a token for the HTTP service, signed with FLEETGAUGE_JWT_SECRET."""
    from query.token import issue_platform, issue_user
    from schemas.settings import HttpSettings, load

    if (user_id is None) is not platform:
        raise click.UsageError("name either --user ID or --platform")
    if user_id is not None and name is not None:
        raise click.UsageError("--name goes with --platform")
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
        "fleetgauge schema > fleetgauge.schema.json": "what events and answers look like",
        "fleetgauge schema --asyncapi > asyncapi.json": "topics and messages",
    },
)
@click.option("--asyncapi", "is_asyncapi", is_flag=True, help="The AsyncAPI 3 document instead.")
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
        "source <(fleetgauge completion bash)": "in this bash; in ~/.bashrc for all",
        "fleetgauge completion zsh > ~/.zfunc/_fleetgauge": "zsh, where fpath has ~/.zfunc",
        "fleetgauge completion fish > ~/.config/fish/completions/fleetgauge.fish": "fish",
    },
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script by which a shell completes commands, options and choices."""
    from click.shell_completion import get_completion_class

    if (of_shell := get_completion_class(shell)) is not None:
        click.echo(of_shell(main, {}, NAME, COMPLETING).source(), nl=False)


def run() -> None:
    """The command as a process of its own: no secret of its settings is in what it complains of."""
    if COMPLETING not in os.environ:
        from schemas.runtime.secrets import redacting

        sys.stderr = redacting(sys.stderr)
    main(prog_name=NAME)


if __name__ == "__main__":
    run()
