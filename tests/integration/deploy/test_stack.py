"""The local stack on this machine, by its command: own instances, the shared downloads."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local import environment, ports

pytestmark = pytest.mark.integration
STACK = Path(__file__).resolve().parents[3] / "deploy" / "local" / "stack.py"
LISTENING = "0A"


@dataclass
class Stack:
    """An instance under test."""

    folder: Path

    def run(self, command: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the stack, whatever comes of it."""
        call = [sys.executable, str(STACK), command, "--dir", str(self.folder), *words]
        return subprocess.run(call, capture_output=True, text=True, check=False, cwd="/")

    def do(self, command: str, *words: str) -> str:
        """Run a command that must succeed."""
        done = self.run(command, *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def env(self) -> dict[str, str]:
        """The settings that the instance wrote."""
        return environment.parse((self.folder / "env").read_text())

    @property
    def url(self) -> str:
        """Where the database is."""
        return self.env["FLEETGAUGE_DATABASE_URL"]

    @property
    def bootstrap(self) -> str:
        """Where the broker is."""
        return self.env["FLEETGAUGE_KAFKA_BOOTSTRAP"]

    def facts(self) -> dict[str, dict[str, int]]:
        """What `status` reports."""
        facts: dict[str, dict[str, int]] = json.loads(self.run("status", "--json").stdout)
        return facts

    def pid(self, part: str) -> int:
        """The process of a part."""
        return self.facts()[part]["pid"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One instance for the module; each test leaves it up."""
    made = Stack(tmp_path_factory.mktemp("stack"))
    try:
        made.do("up")
        yield made
    finally:
        made.do("clean")


@pytest.fixture
def topic(stack: Stack, request: pytest.FixtureRequest) -> str:
    """The name of a topic for one test."""
    return str(request.node.name)


async def produce(bootstrap: str, topic: str, values: list[bytes]) -> None:
    """Make the topic and fill its only partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, max_request_size=16 * 1024 * 1024, acks="all"
    ) as producer:
        for value in values:
            await producer.send_and_wait(topic, value)


async def consume(bootstrap: str, topic: str, count: int) -> list[bytes]:
    """The first values of the topic."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, max_partition_fetch_bytes=16 * 1024 * 1024
    )
    partition = TopicPartition(topic, 0)
    async with consumer:
        consumer.assign([partition])
        await consumer.seek_to_beginning(partition)
        return [bytes((await consumer.getone()).value) for _ in range(count)]


def listening(pid: int) -> set[str]:
    """Addresses, in the kernel's hexadecimal, on which a process listens."""
    links = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        row[1].rpartition(":")[0]
        for row in rows
        if row[3] == LISTENING and f"socket:[{row[9]}]" in links
    }


def database_pid_file(stack: Stack) -> Path:
    """The pid file of an instance's database, in the shared root folder."""
    return (stack.folder / "logs" / "database").resolve().parent / "data" / "postmaster.pid"


def test_up_writes_settings_that_work(stack: Stack) -> None:
    with psycopg.connect(stack.url) as connection:
        found = connection.execute("select extname from pg_extension").fetchall()
    assert ("timescaledb",) in found
    assert (stack.folder / "env").stat().st_mode & 0o077 == 0


def test_a_second_up_changes_nothing(stack: Stack) -> None:
    facts, env = stack.facts(), stack.env
    stack.do("up")
    assert (stack.facts(), stack.env) == (facts, env)


def test_the_role_is_no_superuser_and_makes_databases_with_the_extension(stack: Stack) -> None:
    with psycopg.connect(stack.url, autocommit=True) as connection:
        row = connection.execute("select rolsuper from pg_roles where rolname = current_user")
        assert row.fetchone() == (False,)
        connection.execute("create database made_by_the_role")
    with psycopg.connect(stack.url, dbname="made_by_the_role") as connection:
        connection.execute("create table points (ts timestamptz not null)")
        connection.execute("select create_hypertable('points', 'ts')")


def test_commits_wait_for_the_disk(stack: Stack) -> None:
    with psycopg.connect(stack.url) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert connection.execute(f"show {setting}").fetchone() == ("on",)


def test_a_wrong_password_is_refused(stack: Stack) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(stack.url, password="wrong")


def test_everything_listens_on_loopback_only(stack: Stack) -> None:
    for part in ("kafka", "database"):
        assert listening(stack.pid(part)) == {"0100007F"}


async def test_the_broker_takes_messages_of_nearly_16_mib(stack: Stack, topic: str) -> None:
    value = os.urandom(16 * 1024 * 1024 - 1024)
    await produce(stack.bootstrap, topic, [value])
    assert await consume(stack.bootstrap, topic, 1) == [value]


async def test_data_outlives_down_and_up(stack: Stack, topic: str) -> None:
    await produce(stack.bootstrap, topic, [b"kept"])
    with psycopg.connect(stack.url) as connection:
        connection.execute("create table kept as select 42 as answer")
    facts, env = stack.facts(), stack.env
    stack.do("down")
    assert stack.run("status").returncode == 1
    stack.do("up")
    assert stack.env == env
    assert all(stack.pid(part) != facts[part]["pid"] for part in facts)
    with psycopg.connect(stack.url) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)
    assert await consume(stack.bootstrap, topic, 1) == [b"kept"]


@pytest.mark.parametrize("mode", ["fast", "immediate"])
@pytest.mark.parametrize("part", ["kafka", "database"])
def test_one_part_stops_and_starts_alone(stack: Stack, part: str, mode: str) -> None:
    before = stack.facts()
    stack.do("stop", part, "--mode", mode)
    assert [name for name, fact in stack.facts().items() if not fact["pid"]] == [part]
    stack.do("start", part)
    after = stack.facts()
    assert after[part]["port"] == before[part]["port"]
    assert [name for name in after if after[name] != before[name]] == [part]


def test_up_after_both_were_killed(stack: Stack) -> None:
    facts = stack.facts()
    for fact in facts.values():
        os.kill(fact["pid"], signal.SIGKILL)
    stack.do("up")
    with psycopg.connect(stack.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    assert [fact["port"] for fact in stack.facts().values()] == [
        fact["port"] for fact in facts.values()
    ]


def test_a_stale_pid_that_another_process_now_has_is_left_alone(stack: Stack) -> None:
    with subprocess.Popen(["sleep", "600"]) as other:
        stack.do("stop", "kafka")
        (stack.folder / "kafka.pid").write_text(f"{other.pid}\n")
        assert not stack.pid("kafka")
        stack.do("stop", "kafka", "--mode", "immediate")
        stack.do("start", "kafka")
        assert other.poll() is None
        assert stack.pid("kafka") != other.pid
        other.kill()


def test_a_database_whose_pid_now_belongs_to_another_database_starts(
    stack: Stack, tmp_path: Path
) -> None:
    other = Stack(tmp_path)
    try:
        other.do("up")
        os.kill(stack.pid("database"), signal.SIGKILL)
        pid_file = database_pid_file(stack)
        lines = pid_file.read_text().splitlines(keepends=True)
        pid_file.write_text("".join([f"{other.pid('database')}\n", *lines[1:]]))
        assert not stack.pid("database")
        stack.do("start", "database")
        assert other.pid("database") not in (None, stack.pid("database"))
    finally:
        other.do("clean")


def test_a_port_taken_meanwhile_is_given_up(stack: Stack, tmp_path: Path) -> None:
    port = stack.facts()["database"]["port"]
    stack.do("stop", "database")
    taker = "import socket, sys; s = socket.create_server(('127.0.0.1', int(sys.argv[1])));"
    taker += "print('taken', flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", taker, str(port)]
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None
        other.stdout.readline()
        stack.do("up")
        other.kill()
    assert stack.facts()["database"]["port"] != port
    with psycopg.connect(stack.url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)


def test_two_more_come_up_side_by_side(stack: Stack, tmp_path: Path) -> None:
    pair = [Stack(tmp_path / "one"), Stack(tmp_path / "two")]
    words = [[sys.executable, str(STACK), "up", "--dir", str(made.folder)] for made in pair]
    try:
        running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in words]
        assert [process.wait() for process in running] == [0, 0]
        everything = [stack, *pair]
        assert len({made.bootstrap for made in everything}) == 3
        assert len({made.url.rpartition("@")[2] for made in everything}) == 3
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(stack.url, port=pair[0].facts()["database"]["port"])
        pair[0].do("clean")
        assert pair[1].run("status").returncode == 0
        assert stack.run("status").returncode == 0
        # Somebody else's server where ours should be is not taken for it, though ours runs.
        kept_file, port = pair[1].folder / "instance.json", stack.facts()["database"]["port"]
        kept = json.loads(kept_file.read_text())
        kept["ports"]["database"] = port
        kept_file.write_text(json.dumps(kept))
        refused = pair[1].run("up")
        assert refused.returncode == 1
        assert f"port {port}, process {stack.pid('database')} (postgres in " in refused.stderr
    finally:
        for made in pair:
            made.do("clean")


def test_clean_leaves_no_data(tmp_path: Path) -> None:
    made = Stack(tmp_path)
    made.do("up")
    facts, pid_file = made.facts(), database_pid_file(made)
    assert pid_file.exists()
    made.do("clean")
    assert not pid_file.parent.parent.exists()
    assert not (made.folder / "kafka").exists()
    assert all(ports.is_free(fact["port"]) for fact in facts.values())
    assert made.run("status").returncode == 1


def test_starting_a_part_of_no_instance_is_refused(tmp_path: Path) -> None:
    done = Stack(tmp_path).run("start", "kafka")
    assert done.returncode == 1
    assert "`up` creates one" in done.stderr
