"""Who listens on a port: by name, and without the words it was started with."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.listeners import find, listener

TAKER = "import socket, sys; s = socket.create_server(('127.0.0.1', 0));"
TAKER += "print(s.getsockname()[1], flush=True); sys.stdin.read()"
HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout"
ROW = " 0: {}:1538 00000000:0000 {} 00000000:00000000 00:00000000 00000000     0        0 {} 1"


def test_a_process_is_named_without_its_words(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKER, "--password=hunter2"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=tmp_path) as taker:
        assert taker.stdout is not None
        port = int(taker.stdout.readline())
        description = listener(port)
        taker.kill()
    assert description.startswith(f"process {taker.pid} (python")
    assert description.endswith(f" in {tmp_path})")
    assert "hunter2" not in description


def test_who_connects_is_no_listener() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as link,
    ):
        assert find(link.getsockname()[1]) is None


@pytest.mark.parametrize(
    ("table", "address", "state", "found"),
    [
        ("tcp", "0100007F", "0A", 42),
        ("tcp", "00000000", "0A", 42),
        ("tcp6", "0" * 32, "0A", 42),
        ("tcp6", "0000000000000000FFFF00000100007F", "0A", 42),
        pytest.param("tcp", "0100007F", "01", None, id="a connection"),
        pytest.param("tcp", "0200000A", "0A", None, id="another address"),
    ],
)
def test_find(tmp_path: Path, table: str, address: str, state: str, found: int | None) -> None:
    for folder in ("net", "42/fd", "43/fd", "self"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "net" / table).write_text(f"{HEAD}\n{ROW.format(address, state, 7001)}\n")
    (tmp_path / "43/fd/3").symlink_to("socket:[7002]")
    (tmp_path / "42/fd/9").symlink_to("socket:[7001]")
    assert find(0x1538, tmp_path) == found
    assert find(0x1539, tmp_path) is None


def test_where_nothing_is_to_be_seen(tmp_path: Path) -> None:
    assert listener(5432, tmp_path) == "a process that cannot be seen from here"
