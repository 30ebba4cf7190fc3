"""A separate database server with TLS."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from deploy.local import running
from deploy.local.environment import parse
from deploy.local.instance import Instance, InstanceRecord
from deploy.local.part import Mode
from deploy.local.ports import LOOPBACK
from deploy.local.timescale import Timescale
from tests.support.certificates import Authority, Identity
from tests.support.stack import REPOSITORY

# The search for a free port begins here.
FIRST_PORT: Final = 15_432
# Connections without TLS are rejected; the role `certified` also needs a client certificate.
ACCESS: Final = """
hostssl all certified 127.0.0.1/32 scram-sha-256 clientcert=verify-full
hostssl all all 127.0.0.1/32 scram-sha-256
host template1 postgres 127.0.0.1/32 scram-sha-256
"""
SETTINGS: Final = """
ssl = on
shared_buffers = 64MB
"""


@dataclass(frozen=True)
class SecureDatabase:
    """The URLs of the application's role and of the superuser, and the certificate authority."""

    url: str
    superuser_url: str
    authority: Authority


class SecureTimescale(Timescale):
    """The stack's database server with TLS."""

    def __init__(self, instance: Instance, server: Identity, authority: Path) -> None:
        super().__init__(instance)
        self._files = {
            "server.crt": server.certificate,
            "server.key": server.key,
            "root.crt": authority,
        }

    def _configure(self) -> None:
        super()._configure()
        owner = self._outer_data.stat()
        for name, source in self._files.items():
            copy = shutil.copy(source, self._outer_data / name)
            shutil.chown(copy, owner.st_uid, owner.st_gid)
        (self._outer_data / "pg_hba.conf").write_text(ACCESS)
        with (self._outer_data / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS + "ssl_ca_file = 'root.crt'\n")


@contextmanager
def secure_database(folder: Path) -> Iterator[SecureDatabase]:
    """A server in a new folder, with its own certificate authority; removed at the end."""
    authority = Authority(folder, "authority")
    cache = REPOSITORY / ".stack" / "cache"
    ports = {"database": FIRST_PORT, "kafka": 0, "controller": 0}
    instance = Instance(folder, InstanceRecord("native", str(cache), ports=ports))
    database = SecureTimescale(instance, authority.identity("server", LOOPBACK), authority.file)
    try:
        running.bring_up(instance, [database])
        url = parse(instance.env_file.read_text())["FLEETGAUGE_DATABASE_URL"]
        parts = urlsplit(url)
        superuser = f"postgres:{instance.kept.superuser_password}@{LOOPBACK}:{parts.port}"
        yield SecureDatabase(url, parts._replace(netloc=superuser).geturl(), authority)
    finally:
        database.stop(Mode.IMMEDIATE)
        database.erase()
