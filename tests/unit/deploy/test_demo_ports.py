"""Where the demo's processes listen: where they are asked to, or where there is room."""

import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local import demo_ports
from deploy.local.demo_children import Child, Children, DemoError
from deploy.local.demo_ports import Listening

# As our processes do: a port from the environment, and a line of the log once it is had.
PROGRAM = """
import json, os, socket, sys, time
print("no JSON")
server = socket.create_server(("127.0.0.1", int(os.environ["THE_PORT"])))
print(json.dumps({"event": "listening", "port": server.getsockname()[1]}), flush=True)
time.sleep(600)
"""
WORDS = (sys.executable, "-c", PROGRAM)


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def children(tmp_path: Path) -> Iterator[Children]:
    made = Children(tmp_path, os.environ)
    yield made
    made.stop()


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def listening(port: int) -> Listening:
    return Listening("server", "THE_PORT", port, "listening")


def test_the_first_choice(children: Children, port: int) -> None:
    assert demo_ports.start(children, listening(port), WORDS, {})["port"] == port


def test_what_is_asked_for(children: Children, port: int) -> None:
    event = demo_ports.start(children, listening(8080), WORDS, {"THE_PORT": str(port)})
    assert event["port"] == port


def test_a_port_that_is_asked_for_and_taken_is_refused(
    children: Children, port: int, opened: ExitStack
) -> None:
    opened.enter_context(socket.create_server(("127.0.0.1", port)))
    with pytest.raises(DemoError, match=rf"THE_PORT={port} is taken by process {os.getpid()} \("):
        demo_ports.start(children, listening(8080), WORDS, {"THE_PORT": str(port)})
    # Its end is reported, and only once.
    children.hold(0.2)


class Overtaken(Children):
    """Somebody takes the chosen port before the first process does."""

    def __init__(self, logs: Path, opened: ExitStack) -> None:
        super().__init__(logs, os.environ)
        self._opened: ExitStack | None = opened
        self.tried: list[str] = []

    def start(
        self, name: str, words: Sequence[str | Path], more: Mapping[str, str] | None = None
    ) -> Child:
        chosen = (more or {})["THE_PORT"]
        self.tried.append(chosen)
        if self._opened:
            self._opened.enter_context(socket.create_server(("127.0.0.1", int(chosen))))
            self._opened = None
        return super().start(name, words, more)


# What is asked for, and the second port of a program with a separate metrics port.
ASKED: list[tuple[dict[str, str], str | None]] = [({}, None), ({"METRICS_PORT": "1"}, "1")]


@pytest.mark.parametrize(("asked", "expected"), ASKED)
def test_metrics_have_a_port_of_their_own(
    children: Children, port: int, asked: dict[str, str], expected: str | None
) -> None:
    program = PROGRAM.replace('"port": ', '"metrics": os.environ["METRICS_PORT"], "port": ')
    one = Listening("server", "THE_PORT", port, "listening", ("METRICS_PORT", port + 1))
    event = demo_ports.start(children, one, (sys.executable, "-c", program), asked)
    assert event["port"] == port
    assert event["metrics"] == expected or (expected is None and event["metrics"] != str(port))


def test_somebody_quicker(tmp_path: Path, port: int, opened: ExitStack) -> None:
    children = Overtaken(tmp_path, opened)
    try:
        event = demo_ports.start(children, listening(port), WORDS, {})
        children.hold(0.2)
    finally:
        children.stop()
    assert [*map(int, children.tried)] == [port, event["port"]]


def test_another_reason_is_reported_in_the_process_own_words(children: Children, port: int) -> None:
    words = (sys.executable, "-c", "raise SystemExit('no memory')")
    with pytest.raises(DemoError, match=r"(?s)server ended with status 1.*no memory"):
        demo_ports.start(children, listening(port), words, {})
