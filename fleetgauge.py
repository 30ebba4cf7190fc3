"""The command `fleetgauge`: a thin tree over ingest, query, emit and sql."""

import logging
import sys
from typing import Any

import msgspec
import rich_click as click
import structlog

from ingest.dlq.commands import dlq
from schemas.secrets import redacting
from schemas.settings import SettingsError

# Each command imports what it runs: `emit` works where neither database nor web server is there.


class _Plainly(click.RichGroup):
    """Turns settings that cannot be used into sentences and exit code 2."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except SettingsError as error:
            for problem in error.problems:
                click.echo(f"fleetgauge: {problem}", err=True)
            sys.exit(2)


def _configure_logs(level: str) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # aiokafka tells each retry of its own at error level; what matters of it, ingest says itself.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


def _json(event: object, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()


@click.group(cls=_Plainly, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fleetgauge")
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
    _configure_logs(log_level)


main.add_command(dlq)


@main.command()
def migrate() -> None:
    """Bring the database and the topics to this version's shape."""
    from ingest.topics import create_topics
    from schemas.settings import DatabaseSettings, KafkaSettings, load
    from sql.migrate import run

    database, kafka = load(DatabaseSettings, KafkaSettings)
    sys.exit(run(database) or create_topics(kafka))


@main.command()
@click.option(
    "--accept-gap",
    is_flag=True,
    help="Go on where stored offsets and the log do not meet; records between are lost.",
)
def ingest(*, accept_gap: bool) -> None:
    """Write what agents send from Kafka into TimescaleDB, exactly once."""
    from ingest.run import run
    from schemas.settings import DatabaseSettings, IngestSettings, KafkaSettings, load

    settings = load(DatabaseSettings, KafkaSettings, IngestSettings)
    sys.exit(run(*settings, accept_gap=accept_gap))


@main.command()
@click.option("--dry-run", is_flag=True, help="Tell what would be removed, and leave it there.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def maintain(*, dry_run: bool, as_json: bool) -> None:
    """Do at once what ingest does every hour: drop what is older than its retention."""
    from ingest.maintain import MaintainError, describe
    from ingest.maintain import maintain as run
    from schemas.settings import DatabaseSettings, IngestSettings, load

    settings = load(DatabaseSettings, IngestSettings)
    try:
        outcomes = run(*settings, dry_run=dry_run)
    except MaintainError as error:
        click.echo(f"fleetgauge: {error}", err=True)
        sys.exit(1)
    click.echo(msgspec.json.encode(outcomes) if as_json else describe(outcomes))
    sys.exit(any(outcome.failure for outcome in outcomes))


@main.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(*, as_json: bool) -> None:
    """Look at the database, the broker and what is between, and tell what mends what is wrong."""
    import asyncio
    from datetime import UTC, datetime

    from ingest.doctor.examine import examine
    from ingest.doctor.finding import EXIT_STATUS, describe, worst
    from schemas.settings import DatabaseSettings, KafkaSettings, load

    settings = load(DatabaseSettings, KafkaSettings)
    findings = asyncio.run(examine(*settings, datetime.now(UTC)))
    click.echo(msgspec.json.encode(findings) if as_json else describe(findings))
    sys.exit(EXIT_STATUS[worst(findings)])


@main.command()
def serve() -> None:
    """Answer dashboards over HTTP."""
    from query.serve import run
    from schemas.settings import DatabaseSettings, HttpSettings, load

    settings = load(DatabaseSettings, HttpSettings)
    run(*settings)


@main.command()
@click.option("--user", "user_id", metavar="ID", help="The user whose own data may be read.")
@click.option("--platform", is_flag=True, help="Everything may be read.")
@click.option("--ttl", default="1h", show_default=True, help="How long it holds: 90s, 15m, 1h, 7d.")
def token(user_id: str | None, *, platform: bool, ttl: str) -> None:
    """Print a token for the HTTP service, signed with FLEETGAUGE_JWT_SECRET."""
    from query.token import issue
    from schemas.settings import HttpSettings, load

    if (user_id is None) is not platform:
        raise click.UsageError("name either --user ID or --platform")
    (http,) = load(HttpSettings)
    try:
        click.echo(issue(http, user_id, ttl))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@main.command()
@click.option("--asyncapi", "is_asyncapi", is_flag=True, help="The AsyncAPI 3 document instead.")
def schema(*, is_asyncapi: bool) -> None:
    """Print the JSON Schema of events and answers."""
    from schemas.asyncapi import asyncapi
    from schemas.export import json_schema

    document = asyncapi() if is_asyncapi else json_schema()
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2))


@main.group()
def emit() -> None:
    """Send events to Kafka."""


@emit.command()
@click.option("--user", "user_id", required=True, metavar="ID", help="User the agent belongs to.")
@click.option("--agent", "agent_id", required=True, metavar="ID", help="Id to sample it under.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1),
    default=1.0,
    show_default=True,
    metavar="S",
    help="Seconds between samples.",
)
def host(user_id: str, agent_id: str, interval: float) -> None:
    """Sample this machine as an agent: CPU, memory and disk."""
    from emit.host import run
    from schemas.settings import KafkaSettings, load

    (kafka,) = load(KafkaSettings)
    try:
        sys.exit(run(kafka, user_id, agent_id, interval))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@emit.command()
@click.option("--agents", type=click.IntRange(1, 100_000), default=50, show_default=True)
@click.option("--users", type=click.IntRange(1, 10_000), default=5, show_default=True)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(0.1, 86_400),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Seconds between an agent's samples.",
)
@click.option(
    "--backfill",
    default="0s",
    show_default=True,
    metavar="SPAN",
    help="History to send first, such as 30d.",
)
@click.option(
    "--backfill-interval",
    default="5m",
    show_default=True,
    metavar="SPAN",
    help="Time between an agent's samples in the history.",
)
@click.option("--duration", metavar="SPAN", help="Time to live after that; without end by default.")
@click.option(
    "--rate-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=float("inf"),
    metavar="R",
    help="Most events a second.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="The same gives the same.")
@click.option("--start", metavar="TIME", help="When it goes live, in RFC 3339; now by default.")
@click.option(
    "--format",
    "encoding",
    type=click.Choice(["json", "msgpack"]),
    default="json",
    show_default=True,
)
def fleet(**words: Any) -> None:
    """Simulate a fleet: agents and their users' business, past and present."""
    from emit.clock import SystemClock
    from emit.simulation.run import run
    from emit.simulation.scenario import Words, scenario
    from schemas.settings import KafkaSettings, WindowSettings, load

    kafka, windows = load(KafkaSettings, WindowSettings)
    try:
        planned = scenario(Words(**words), SystemClock().now(), windows.lateness_limit)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    sys.exit(run(kafka, planned))


def run() -> None:
    """The command as a process of its own: no secret of its settings is in what it complains of."""
    sys.stderr = redacting(sys.stderr)
    main()


if __name__ == "__main__":
    run()
