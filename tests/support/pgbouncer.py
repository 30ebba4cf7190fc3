"""PgBouncer in front of a database, from Debian's package in a separate root folder."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit, urlunsplit
from uuid import uuid4

import pytest

from deploy.local import files, host, process
from deploy.local.part import StackError
from tests.support.stack import REPOSITORY, free_port

ROOT: Final = REPOSITORY / ".stack" / "cache" / "debian-trixie-pgbouncer"
# The user `nobody`: PgBouncer does not run as root.
USER: Final = 65_534
PATIENCE_S: Final = 30.0
SETTINGS: Final = """
[databases]
* = host={host} port={port}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users
pool_mode = {mode}
"""


@contextmanager
def pgbouncer(url: str, mode: str) -> Iterator[str]:
    """The URL of the same database through PgBouncer with this `pool_mode` and default settings.

    Skips the test if the package is unavailable.
    """
    try:
        if not ROOT.exists():
            host.ensure(["mmdebstrap"])
        files.build_once(ROOT, _build)
    except StackError as error:
        pytest.skip(f"PgBouncer is unavailable: {error}")
    if not host.is_root():
        pytest.skip("PgBouncer's root folder needs root (chroot)")
    folder = ROOT / "srv" / uuid4().hex
    folder.mkdir(parents=True)
    try:
        with _running(url, mode, folder) as port:
            login, _, _ = urlsplit(url).netloc.rpartition("@")
            yield urlunsplit(urlsplit(url)._replace(netloc=f"{login}@127.0.0.1:{port}"))
    finally:
        shutil.rmtree(folder)


def _build(folder: Path) -> None:
    process.run(["mmdebstrap", "--variant=extract", "--include=pgbouncer", "trixie", folder])
    # As in Debian's base package: programs look for their libraries here.
    for name in ("lib", "lib64"):
        with suppress(FileExistsError):
            (folder / name).symlink_to(f"usr/{name}")
    folder.chmod(0o755)


@contextmanager
def _running(url: str, mode: str, folder: Path) -> Iterator[int]:
    parts, port = urlsplit(url), free_port()
    inner = f"/{folder.relative_to(ROOT)}"
    text = SETTINGS.format(
        host=parts.hostname, port=parts.port, own_port=port, folder=inner, mode=mode
    )
    (folder / "settings").write_text(text)
    (folder / "users").write_text(f'"{parts.username}" "{unquote(parts.password or "")}"\n')
    for path in (folder, *folder.iterdir()):
        os.chown(path, USER, USER)
    enter = ["chroot", f"--userspec={USER}:{USER}", str(ROOT)]
    command = [*enter, "/usr/sbin/pgbouncer", f"{inner}/settings"]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=log) as server,
    ):
        try:
            _await_port(port, folder / "log")
            yield port
        finally:
            server.kill()


def _await_port(port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        assert time.monotonic() < deadline, f"PgBouncer did not start: {log.read_text()}"
        time.sleep(0.05)
