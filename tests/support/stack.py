"""The broker and the database of the tests, and the settings with which processes find them."""

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
# A server of the community edition, whose role may create databases; read before a fixture removes
# the variable.
NAMED_DATABASE: Final = os.environ.get("FLEETGAUGE_TEST_DATABASE_URL")
SECRET: Final = "a secret of the tests, 32 bytes or more"


@dataclass(frozen=True)
class Stack:
    """A broker and a database server; the role in the URL may create databases."""

    kafka_bootstrap: str
    database_url: str


@dataclass(frozen=True)
class Topics:
    """Topic names that no other test uses; the topics do not exist yet."""

    samples: str
    events: str
    deadletter: str


def inherited_environment() -> dict[str, str]:
    """The environment of this process without Fleetgauge's settings.

    Processes find the repository's packages from any working directory.
    """
    return {
        **{name: value for name, value in os.environ.items() if "FLEETGAUGE_" not in name},
        "PYTHONPATH": str(REPOSITORY),
        "PYTHONUNBUFFERED": "1",
    }


def environment(database: str, stack: Stack, topics: Topics, **more: str) -> dict[str, str]:
    """The environment of a Fleetgauge process; `more` extends or overrides it."""
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
    """A free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_settings(database_url: str) -> DatabaseSettings:
    """The settings of one database, with default windows."""
    return DatabaseSettings(database_url=SecretStr(database_url))


def migrate(database_url: str) -> Edition:
    """Migrates a database with default windows."""
    return migrations.migrate(database_settings(database_url))


@contextmanager
def running_stack() -> Iterator[Stack]:
    """The local stack, with the database of FLEETGAUGE_TEST_DATABASE_URL if that is set."""
    with local_stack() as local:
        yield replace(local, database_url=NAMED_DATABASE) if NAMED_DATABASE else local


@contextmanager
def local_stack() -> Iterator[Stack]:
    """Containers if an engine is available, else the native test instance, which stays up."""
    with ExitStack() as containers:
        yield _in_containers(containers) if docker.answers() else _native()


@cache
def server_edition() -> Edition:
    """The edition of the database server; does not start the stack."""
    if NAMED_DATABASE is None:
        # The editions of the image in `deploy/images.yaml` and of Debian's package.
        return Edition.COMMUNITY if docker.answers() else Edition.APACHE
    with psycopg.connect(NAMED_DATABASE, autocommit=True) as connection:
        return read_edition(connection)


@contextmanager
def created_database(server_url: str, name: str) -> Iterator[str]:
    """The URL of an empty database; dropped at the end, even with open connections."""
    identifier = composed.Identifier(name)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(composed.SQL("create database {}").format(identifier))
        try:
            yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
        finally:
            # Not `with (force)`: that fails while a background worker of the server is connected,
            # which plain DROP DATABASE stops and waits for.
            connection.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
                "where datname = %s and usename = current_user",
                [name],
            )
            connection.execute(composed.SQL("drop database {}").format(identifier))


def _in_containers(containers: ExitStack) -> Stack:
    """The local stack's compose project under a unique name; removed at the end."""
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
