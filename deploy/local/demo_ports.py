"""Which ports the demo's processes listen on: those that were asked for, else the first free ones.

A port is chosen when its process starts, and again where somebody else was quicker.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import ports
from deploy.local.demo_children import Children, DemoError
from deploy.local.listeners import listener


@dataclass(frozen=True)
class Listening:
    """A process that listens: the setting of its port, the first to try, its event once it does.

    `metrics` is the setting of a second port, for its metrics, and the first to try.
    """

    name: str
    setting: str
    first: int
    event: str
    metrics: tuple[str, int] | None = None


INGEST = Listening("ingest", "FLEETGAUGE_METRICS_PORT", 9464, "ingest runs")
METRICS = ("FLEETGAUGE_HTTP_METRICS_PORT", 9465)
SERVE = Listening("serve", "FLEETGAUGE_HTTP_PORT", 8080, "listening", METRICS)


def check(asked: Mapping[str, str]) -> None:
    """DemoError where a port that the environment asks for is taken: long before it is needed."""
    for one in (INGEST, SERVE):
        if taken := trouble(one, asked.get(one.setting, "")):
            raise DemoError(taken)


def trouble(one: Listening, asked: str) -> str | None:
    """Why a process cannot have the port that was asked for, if it is taken."""
    if not asked.isdecimal() or ports.is_free(int(asked)):
        return None
    return (
        f"{one.setting}={asked} is taken by {listener(int(asked))}: end it, set another port, or "
        f"unset {one.setting} for the first free one from {one.first} up"
    )


def start(
    children: Children, one: Listening, words: Sequence[str | Path], asked: Mapping[str, str]
) -> Mapping[str, object]:
    """Start a process and return its event, once it listens; DemoError where it cannot."""
    wanted = asked.get(one.setting)
    while True:
        port = wanted or str(ports.settle({one.name: one.first}, ())[one.name])
        more = {one.setting: port, **_metrics(one, asked)}
        child = children.start(one.name, words, more)
        event = children.await_event(child, one.event)
        if event is not None:
            return event
        taken = trouble(one, port)
        if wanted or not taken:
            raise DemoError(taken or child.exit_message())


def _metrics(one: Listening, asked: Mapping[str, str]) -> dict[str, str]:
    """The setting of the port for metrics, where the process has one of its own."""
    if one.metrics is None:
        return {}
    setting, first = one.metrics
    free = ports.settle({one.name: first}, ())[one.name]
    return {setting: asked.get(setting) or str(free)}
