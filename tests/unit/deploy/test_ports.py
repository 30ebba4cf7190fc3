"""Which ports an instance gets."""

import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.local import ports

WANTED = {"kafka": 9092, "controller": 9093, "database": 5432}


@pytest.mark.parametrize(
    ("taken", "used", "chosen"),
    [
        pytest.param(set(), [], WANTED, id="all free"),
        pytest.param({5432}, [], WANTED | {"database": 5433}, id="one taken"),
        pytest.param({5432, 5433}, [], WANTED | {"database": 5434}, id="the next taken too"),
        pytest.param({9092}, [], WANTED | {"kafka": 9093, "controller": 9094}, id="no two alike"),
        pytest.param(set(), [5432], WANTED | {"database": 5433}, id="kept by a running part"),
    ],
)
def test_settle(taken: set[int], used: list[int], chosen: Mapping[str, int]) -> None:
    assert ports.settle(WANTED, used, lambda port: port not in taken) == chosen


def test_a_listening_port_is_not_free() -> None:
    with socket.create_server((ports.LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        assert not ports.is_free(port)
    assert ports.is_free(port)


def test_a_port_taken_on_every_address_is_not_free() -> None:
    with socket.create_server(("", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_instances_begin_at_places_of_their_own() -> None:
    home, one, other = Path("/a/.stack"), Path("/a/.stack/test"), Path("/tmp/x")  # noqa: S108
    assert ports.first_choice(home, home) == WANTED
    chosen = [*ports.first_choice(one, home).values(), *ports.first_choice(other, home).values()]
    assert len(set(chosen)) == 6
    assert not set(chosen) & set(WANTED.values())
