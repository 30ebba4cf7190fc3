"""The ports of the demo's processes: those set in the environment, else the first free ones.

A port is chosen when its process starts, and again if another process takes it first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import ports
from deploy.local.demo_children import Children, DemoError
from deploy.local.listeners import listener


@dataclass(frozen=True)
class Listening:
    """A process that listens: its port's setting, the first port to try, its event when it listens.

    `metrics` is the setting of a second port, for metrics, and the first port to try.
    """

    name: str
    setting: str
    first: int
    event: str
    metrics: tuple[str, int] | None = None


INGEST = Listening("ingest", "FLEETGAUGE_METRICS_PORT", 9464, "ingest runs")
METRICS = ("FLEETGAUGE_HTTP_METRICS_PORT", 9465)
SERVE = Listening("serve", "FLEETGAUGE_HTTP_PORT", 8080, "listening", METRICS)


def check(env: Mapping[str, str]) -> None:
    """DemoError if a port set in the environment is taken, before the slow steps."""
    for one in (INGEST, SERVE):
        if taken := port_conflict(one, env.get(one.setting, "")):
            raise DemoError(taken)


def port_conflict(one: Listening, port: str) -> str | None:
    """An error message if the requested port is taken, else None."""
    if not port.isdecimal() or ports.is_free(int(port)):
        return None
    return (
        f"{one.setting}={port} is taken by {listener(int(port))}: stop it, set another port, or "
        f"unset {one.setting} for the first free one from {one.first} up"
    )


def start(
    children: Children, one: Listening, words: Sequence[str | Path], env: Mapping[str, str]
) -> Mapping[str, object]:
    """Start a process and return its event once it listens; DemoError if it cannot."""
    wanted = env.get(one.setting)
    while True:
        port = wanted or str(ports.settle({one.name: one.first}, ())[one.name])
        more = {one.setting: port, **_metrics(one, env)}
        child = children.start(one.name, words, more)
        event = children.await_event(child, one.event)
        if event is not None:
            return event
        taken = port_conflict(one, port)
        if wanted or not taken:
            raise DemoError(taken or child.exit_message())


def _metrics(one: Listening, env: Mapping[str, str]) -> dict[str, str]:
    """The setting of the separate port for metrics, if the process has one."""
    if one.metrics is None:
        return {}
    setting, first = one.metrics
    free = ports.settle({one.name: first}, ())[one.name]
    return {setting: env.get(setting) or str(free)}
