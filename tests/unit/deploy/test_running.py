"""Ports that somebody takes between the choice and the server's own `listen`."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from deploy.local import ports, running
from deploy.local.instance import Instance, InstanceRecord
from deploy.local.part import Mode, StackError


class Server:
    """A part that does not start while `takers` are left: each takes its port first."""

    name = "server"
    ports = ("server",)

    def __init__(self, instance: Instance, takers: int, opened: ExitStack) -> None:
        self._instance = instance
        self._opened = opened
        self._takers = takers
        self._pid: int | None = None
        self.tried: list[int] = []

    def programs(self) -> list[str]:
        return []

    def prepare(self) -> None:
        return None

    def start(self) -> None:
        port = self._instance.kept.ports["server"]
        self.tried.append(port)
        if self._takers:
            self._takers -= 1
            self._opened.enter_context(socket.create_server((ports.LOOPBACK, port)))
            raise StackError("server ended while it started")
        self._pid = 4242

    def await_ready(self) -> None:
        return None

    def stop(self, mode: Mode) -> None:
        self._pid = None

    def pid(self) -> int | None:
        return self._pid

    def erase(self) -> None:
        return None


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    with socket.create_server((ports.LOOPBACK, 0)) as probe:
        port = probe.getsockname()[1]
    chosen = {"server": port, "kafka": 1, "database": 2}
    return Instance(tmp_path, InstanceRecord("native", str(tmp_path), ports=chosen))


def test_another_port_is_taken(
    instance: Instance, opened: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(instance, 2, opened)
    running.bring_up(instance, [server])
    assert len(set(server.tried)) == 3
    assert instance.kept.ports["server"] == server.tried[-1]
    said = capsys.readouterr().out
    assert f"server: port {server.tried[0]} is taken by process " in said
    assert f"{server.tried[1]} instead" in said


def test_it_ends_with_the_ports_named(instance: Instance, opened: ExitStack) -> None:
    server = Server(instance, 99, opened)
    with pytest.raises(StackError, match=r"5 times .* most recently \d+ \(server\) by process "):
        running.bring_up(instance, [server])
    assert len(server.tried) == running.ATTEMPTS


def test_a_server_that_ends_by_itself_is_not_started_again(instance: Instance) -> None:
    class Broken(Server):
        def start(self) -> None:
            self.tried.append(0)
            raise StackError("no memory")

    server = Broken(instance, 0, ExitStack())
    with pytest.raises(StackError, match="no memory"):
        running.bring_up(instance, [server])
    assert len(server.tried) == 1
