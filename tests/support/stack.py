"""The broker and the database that tests run against, and how Fleetgauge's processes find them."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql as composed
from pydantic import SecretStr

from deploy.local import docker, ports
from deploy.local.environment import parse, render
from deploy.local.instance import Instance, InstanceRecord
from schemas.settings import DatabaseSettings
from sql import migrate as migrations
from sql.edition import Edition, read_edition

REPOSITORY: Final = Path(__file__).resolve().parents[2]
# Read before a test can take it away: a full server of the community edition, whose role may create
# databases.
NAMED_DATABASE: Final = os.environ.get("FLEETGAUGE_TEST_DATABASE_URL")
SECRET: Final = "a secret of the tests, 32 bytes or more"


@dataclass(frozen=True)
class Stack:
    """A broker and a database server; the role in the URL may create databases."""

    kafka_bootstrap: str
    database_url: str


@dataclass(frozen=True)
class Topics:
    """Names that no other test uses; nobody has created them."""

    samples: str
    events: str
    deadletter: str


def inherited_environment() -> dict[str, str]:
    """That of this process without Fleetgauge's settings.

    A process finds the packages in the repository, whatever folder it runs in.
    """
    return {
        **{name: value for name, value in os.environ.items() if "FLEETGAUGE_" not in name},
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }


def environment(database: str, stack: Stack, topics: Topics, **more: str) -> dict[str, str]:
    """What a process of Fleetgauge needs to be told; `more` adds to it or overrides it."""
    return {
        **inherited_environment(),
        "FLEETGAUGE_DATABASE_URL": database,
        "FLEETGAUGE_KAFKA_BOOTSTRAP": stack.kafka_bootstrap,
        "FLEETGAUGE_SAMPLES_TOPIC": topics.samples,
        "FLEETGAUGE_EVENTS_TOPIC": topics.events,
        "FLEETGAUGE_DEADLETTER_TOPIC": topics.deadletter,
        "FLEETGAUGE_CONSUMER_GROUP": f"{topics.samples}-ingest",
        "FLEETGAUGE_JWT_SECRET": SECRET,
        **more,
    }


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_settings(database_url: str) -> DatabaseSettings:
    """The settings of one database, with the windows that are the default."""
    return DatabaseSettings(database_url=SecretStr(database_url))


def migrate(database_url: str) -> Edition:
    """Migrates a database with the windows that are the default."""
    return migrations.migrate(database_settings(database_url))


@contextmanager
def running_stack() -> Iterator[Stack]:
    """The local stack, with the database of FLEETGAUGE_TEST_DATABASE_URL where that names one."""
    with local_stack() as local:
        yield replace(local, database_url=NAMED_DATABASE) if NAMED_DATABASE else local


@contextmanager
def local_stack() -> Iterator[Stack]:
    """Containers where an engine answers, else the native test instance, which stays up."""
    with ExitStack() as containers:
        yield _in_containers(containers) if docker.answers() else _native()


@cache
def server_edition() -> Edition:
    """That of the database server; no stack has to run for it."""
    if NAMED_DATABASE is None:
        # Of Debian's package, and of the image in `deploy/images.yaml`.
        return Edition.COMMUNITY if docker.answers() else Edition.APACHE
    with psycopg.connect(NAMED_DATABASE, autocommit=True) as connection:
        return read_edition(connection)


@contextmanager
def created_database(server_url: str, name: str) -> Iterator[str]:
    """The URL of an empty database that goes away at the end, whoever is still connected."""
    identifier = composed.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(composed.SQL("create database {}").format(identifier))
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            # Not `with (force)`: that is refused while a background worker of the server's own is
            # in the database, which plain DROP DATABASE sends away and waits for.
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = %s and usename = current_user",
                [name],
            )
            connection.execute(composed.SQL("drop database {}").format(identifier))


def _in_containers(containers: ExitStack) -> Stack:
    """The local stack's compose file, under a name of its own, gone at the end."""
    from testcontainers.compose import DockerCompose

    folder = Path(containers.enter_context(TemporaryDirectory()))
    first = ports.first_choice(folder, REPOSITORY / ".stack")
    instance = Instance(
        folder, InstanceRecord("docker", str(folder), ports=ports.settle(first, used=()))
    )
    instance.save()
    variables = {"COMPOSE_PROJECT_NAME": instance.kept.name, **docker.variables(instance)}
    (folder / "compose.env").write_text(render(variables), encoding="utf-8")
    containers.enter_context(
        DockerCompose(
            docker.COMPOSE.parent, docker.COMPOSE.name, env_file=str(folder / "compose.env")
        )
    )
    return _stack_of(instance.env_file)


def _native() -> Stack:
    folder = REPOSITORY / ".stack" / "test"
    door = REPOSITORY / "deploy" / "local" / "stack.py"
    subprocess.run([sys.executable, door, "up", "--dir", folder], check=True)
    return _stack_of(folder / "env")


def _stack_of(env_file: Path) -> Stack:
    values = parse(env_file.read_text(encoding="utf-8"))
    return Stack(values["FLEETGAUGE_KAFKA_BOOTSTRAP"], values["FLEETGAUGE_DATABASE_URL"])
