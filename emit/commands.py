"""The commands `fleetgauge emit`; each imports its own dependencies."""

import sys
from typing import Any

import rich_click as click

from schemas.runtime.command import Group

WHEN = "When"
WHAT = "What is sent"
HOW = "How it is sent"


@click.group(
    cls=Group,
    examples={
        "fleetgauge emit host --user alice --agent laptop": "this machine, until Ctrl-C",
        "fleetgauge emit fleet --backfill 30d": "fifty simulated agents, until Ctrl-C",
    },
)
def emit() -> None:
    """Send events to Kafka."""


@emit.command(
    examples={
        "fleetgauge emit host --user alice --agent laptop": "a sample a second, until Ctrl-C",
        "fleetgauge emit host --user alice --agent laptop --interval 10": "less often",
    }
)
@click.option("--user", "user_id", required=True, metavar="ID", help="User the agent belongs to.")
@click.option("--agent", "agent_id", required=True, metavar="ID", help="Agent id of this machine.")
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


@emit.command(
    examples={
        "fleetgauge emit event < events.jsonl": "one event per line, as a JSON object",
        'fleetgauge emit event "$(cat event.json)"': "an event as an argument",
    }
)
@click.argument("events", metavar="[JSON]...", nargs=-1)
def event(events: tuple[str, ...]) -> None:
    """Send events as given, from the arguments or one per line from stdin."""
    from emit.event import run
    from schemas.settings import KafkaSettings, load

    texts = events or tuple(line for line in sys.stdin if line.strip())
    if not texts:
        raise click.UsageError("an event is needed, as an argument or a line of stdin")
    (kafka,) = load(KafkaSettings)
    try:
        sys.exit(run(kafka, texts))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@emit.command(
    examples={
        "fleetgauge emit fleet --backfill 30d": "30 days of fifty agents, then live until Ctrl-C",
        "fleetgauge emit fleet --agents 5 --backfill 1d --duration 0s": "only a day of five agents",
        "fleetgauge emit fleet --backfill 1d --incident": "with an incident to investigate",
        "fleetgauge emit fleet --agents 1000 --interval 1 --duration 10m": "load, for ten minutes",
    }
)
@click.option(
    "--agents",
    type=click.IntRange(1, 100_000),
    default=50,
    show_default=True,
    metavar="N",
    help="Number of agents.",
    panel=WHAT,
)
@click.option(
    "--users",
    type=click.IntRange(1, 10_000),
    default=5,
    show_default=True,
    metavar="N",
    help="Number of users; agents are dealt to them in turn.",
    panel=WHAT,
)
@click.option(
    "--interval",
    "interval_s",
    type=click.FloatRange(0.1, 86_400),
    default=10.0,
    show_default=True,
    metavar="S",
    help="Seconds between an agent's samples.",
    panel=WHAT,
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="Random seed; the same seed gives the same fleet.",
    panel=WHAT,
)
@click.option(
    "--incident",
    is_flag=True,
    help="Add an incident that starts 2 hours before live: failed agents, errors, a deployment.",
    panel=WHAT,
)
@click.option(
    "--backfill",
    default="0s",
    show_default=True,
    metavar="SPAN",
    help="History to send first: 90s, 15m, 12h, 30d.",
    panel=WHEN,
)
@click.option(
    "--backfill-interval",
    default="5m",
    show_default=True,
    metavar="SPAN",
    help="Time between an agent's samples in the history.",
    panel=WHEN,
)
@click.option(
    "--duration",
    metavar="SPAN",
    show_default="without end",
    help="Duration of the live part; 0s sends only the history.",
    panel=WHEN,
)
@click.option(
    "--start",
    metavar="TIME",
    show_default="now",
    help="Start of the live part, in RFC 3339.",
    panel=WHEN,
)
@click.option(
    "--rate-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=float("inf"),
    show_default="none",
    metavar="R",
    help="Maximum events a second.",
    panel=HOW,
)
@click.option(
    "--format",
    "encoding",
    type=click.Choice(["json", "msgpack"]),
    default="json",
    show_default=True,
    help="Format of the messages.",
    panel=HOW,
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
