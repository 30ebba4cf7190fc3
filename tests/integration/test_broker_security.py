"""A broker with TLS that asks for a login or a certificate: the whole way, and each refusal."""

import asyncio
import gc
import signal
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError
from pydantic import SecretStr

from deploy.local import docker
from schemas.runtime.broker import start
from schemas.runtime.kafkaclient import client_options
from schemas.settings import KafkaSettings
from tests.integration.emit.topics import made
from tests.integration.ingest.admin.dlq.letters import committed
from tests.support.certificates import Authority, Identity
from tests.support.ingest_process import ingest_process
from tests.support.kafka import Put, found, put
from tests.support.oracle import all_stored, log_ends, stored_identities
from tests.support.process import fleetgauge, run
from tests.support.producers import PLAIN as PRODUCERS
from tests.support.producers import command
from tests.support.secure_broker import (
    CERTIFICATES,
    PASSWORD,
    PASSWORDS,
    PLAIN,
    USER,
    SecureBroker,
    secure_broker,
)
from tests.support.stack import Stack, Topics, environment, free_port
from tests.support.waiting import until

pytestmark = [
    pytest.mark.skipif(docker.answers(), reason="needs the broker of the native stack"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
]


@pytest.fixture(autouse=True)
def _sockets_of_failed_handshakes() -> Iterator[None]:
    """The client library leaves them to the collector: they go here, and not in another test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureBroker]:
    with secure_broker(tmp_path_factory.mktemp("secure")) as found:
        yield found


@pytest.fixture
def stranger(tmp_path: Path) -> Authority:
    """An authority that vouches for nobody here."""
    return Authority(tmp_path, "stranger")


@pytest.fixture
def open_door(stack: Stack, broker: SecureBroker) -> Stack:
    """The same broker by the listener that asks for nothing: for the tests' own eyes."""
    return Stack(broker.bootstrap(PLAIN), stack.database_url)


def with_login(broker: SecureBroker) -> dict[str, str]:
    return {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": broker.bootstrap(PASSWORDS),
        "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "FLEETGAUGE_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "FLEETGAUGE_KAFKA_USERNAME": USER,
        "FLEETGAUGE_KAFKA_PASSWORD": PASSWORD,
        "FLEETGAUGE_KAFKA_CA_FILE": str(broker.authority),
    }


def with_certificate(broker: SecureBroker) -> dict[str, str]:
    return {
        "FLEETGAUGE_KAFKA_BOOTSTRAP": broker.bootstrap(CERTIFICATES),
        "FLEETGAUGE_KAFKA_SECURITY_PROTOCOL": "SSL",
        "FLEETGAUGE_KAFKA_CA_FILE": str(broker.authority),
        "FLEETGAUGE_KAFKA_CERTIFICATE_FILE": str(broker.client.certificate),
        "FLEETGAUGE_KAFKA_KEY_FILE": str(broker.client.key),
    }


WAYS = {"login": with_login, "certificate": with_certificate}


@pytest.mark.parametrize("way", WAYS)
async def test_the_whole_way(
    way: str, broker: SecureBroker, open_door: Stack, database: str, topics: Topics, tmp_path: Path
) -> None:
    env = environment(database, open_door, topics, **WAYS[way](broker))
    assert await ran(env, "migrate") == 0
    with fleetgauge(env, "emit", "host", "--user", "ada", "--agent", "here") as host:
        await until(partial(holds_any, open_door, topics.samples), "a sample", 60)
        host.signal(signal.SIGTERM)
        assert await asyncio.to_thread(host.await_exit) == 0
    fleet = ("--agents", "3", "--users", "1", "--backfill", "10m", "--duration", "1s")
    assert await ran(env, "emit", "fleet", *fleet) == 0
    await put(open_door, topics.samples, [Put(b"{", b"k")])
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        await all_stored(open_door, database, topics)
        assert await ingest.metric('fleetgauge_dead_letters_total{reason="malformed"}') == 1
        assert await ingest.stop() == 0
        assert PASSWORD not in ingest.log
    agents = {agent for _, agent, _ in stored_identities(database)}
    assert "here" in agents
    assert len(agents) == 4
    assert [letter.value for letter in await found(open_door, topics.deadletter)] == [b"{"]
    assert await ran(env, "dlq", "list") == 0
    assert await ran(env, "dlq", "replay", "--all") == 0
    sent = await committed(bare(open_door.kafka_bootstrap), topics.samples)
    assert [record.value for record in sent].count(b"{") == 2


@pytest.mark.parametrize("shown", PRODUCERS)
async def test_an_agent_that_the_docs_show_logs_in(
    shown: str, broker: SecureBroker, open_door: Stack, topics: Topics, tmp_path: Path
) -> None:
    await made(open_door.kafka_bootstrap, topics)
    env = environment("unused", open_door, topics, **with_login(broker))
    with run([*command(shown, tmp_path), "ada"], env) as agent:
        await until(partial(holds_any, open_door, topics.samples), "a sample", 60)
        agent.signal(signal.SIGTERM)
        assert await asyncio.to_thread(agent.await_exit) == 0, agent.output
    assert PASSWORD not in agent.output


async def holds_any(stack: Stack, topic: str) -> bool:
    return sum((await log_ends(stack, [topic])).values()) > 0


async def ran(env: dict[str, str], *words: str) -> int:
    """A command's exit code; it never shows the password."""
    with fleetgauge(env, *words) as process:
        code = await asyncio.to_thread(process.await_exit)
    assert PASSWORD not in process.output
    assert "Traceback" not in process.output
    return code


def logged_in(broker: SecureBroker, **changed: object) -> KafkaSettings:
    fields: dict[str, object] = {
        "kafka_bootstrap": broker.bootstrap(PASSWORDS),
        "kafka_security_protocol": "SASL_SSL",
        "kafka_sasl_mechanism": "SCRAM-SHA-512",
        "kafka_username": USER,
        "kafka_password": SecretStr(PASSWORD),
        "kafka_ca_file": broker.authority,
    }
    return KafkaSettings.model_validate({**fields, **changed})


def certified(broker: SecureBroker, client: Identity | None) -> KafkaSettings:
    identity = (
        {
            "kafka_certificate_file": client.certificate,
            "kafka_key_file": client.key,
        }
        if client
        else {}
    )
    return KafkaSettings.model_validate(
        {
            "kafka_bootstrap": broker.bootstrap(CERTIFICATES),
            "kafka_security_protocol": "SSL",
            "kafka_ca_file": broker.authority,
            **identity,
        }
    )


def bare(bootstrap: str, protocol: str = "PLAINTEXT") -> KafkaSettings:
    return KafkaSettings.model_validate(
        {"kafka_bootstrap": bootstrap, "kafka_security_protocol": protocol}
    )


async def trouble(kafka: KafkaSettings) -> str:
    """What a client's start says."""
    options = client_options(kafka)
    producer = AIOKafkaProducer(**options)
    try:
        with pytest.raises(KafkaConnectionError) as caught:
            await start(producer, options)
    finally:
        await producer.stop()
    return str(caught.value).removeprefix("KafkaConnectionError: ")


LOGIN = "rejects the login: check user name, password and SASL mechanism"
PROTOCOL = "check the security protocol"


async def test_a_login_that_is_refused(
    broker: SecureBroker, caplog: pytest.LogCaptureFixture
) -> None:
    expected = f"the broker at {broker.bootstrap(PASSWORDS)} {LOGIN}"
    wrong = SecretStr("a wrong password")
    assert await trouble(logged_in(broker, kafka_password=wrong)) == expected
    assert await trouble(logged_in(broker, kafka_username="nobody")) == expected
    plain = logged_in(broker, kafka_password=wrong, kafka_sasl_mechanism="PLAIN")
    assert await trouble(plain) == expected
    assert "a wrong password" not in caplog.text


async def test_another_mechanism_that_is_taken(broker: SecureBroker) -> None:
    options = client_options(logged_in(broker, kafka_sasl_mechanism="PLAIN"))
    producer = AIOKafkaProducer(**options)
    await start(producer, options)
    await producer.stop()


async def test_a_mechanism_that_is_not_taken(broker: SecureBroker) -> None:
    kafka = logged_in(broker, kafka_sasl_mechanism="SCRAM-SHA-256")
    assert (await trouble(kafka)).endswith("does not support this SASL mechanism: choose another")


async def test_a_certificate_of_the_broker_that_is_not_to_be_trusted(
    broker: SecureBroker, stranger: Authority
) -> None:
    text = await trouble(logged_in(broker, kafka_ca_file=stranger.file))
    assert text.startswith(f"the certificate of the broker at {broker.bootstrap(PASSWORDS)} is not")
    assert text.endswith("check the CA file and the host name")


async def test_a_name_that_the_certificate_has_not(broker: SecureBroker) -> None:
    named = f"localhost:{broker.ports[PASSWORDS]}"
    assert "not valid for 'localhost'" in await trouble(logged_in(broker, kafka_bootstrap=named))
    options = client_options(logged_in(broker, kafka_bootstrap=named, kafka_check_hostname=False))
    producer = AIOKafkaProducer(**options)
    await start(producer, options)
    await producer.stop()


async def test_our_certificate_is_refused_or_missed(
    broker: SecureBroker, stranger: Authority
) -> None:
    unknown = stranger.identity("unknown", "127.0.0.1")
    words = "rejects our client certificate, or requires one: check its file"
    assert (await trouble(certified(broker, unknown))).endswith(words)
    assert (await trouble(certified(broker, None))).endswith(words)


async def test_another_protocol_than_the_listeners(broker: SecureBroker) -> None:
    assert (await trouble(bare(broker.bootstrap(PASSWORDS)))).endswith(PROTOCOL)
    assert (await trouble(bare(broker.bootstrap(PLAIN), "SSL"))).endswith(PROTOCOL)
    at_plain = logged_in(broker, kafka_bootstrap=broker.bootstrap(PLAIN))
    assert (await trouble(at_plain)).endswith(PROTOCOL)
    certain = logged_in(
        broker,
        kafka_bootstrap=broker.bootstrap(CERTIFICATES),
        kafka_certificate_file=broker.client.certificate,
        kafka_key_file=broker.client.key,
    )
    assert (await trouble(certain)).endswith(f"does not accept logins: {PROTOCOL}")


async def test_nobody_there_is_reported_once_an_address(broker: SecureBroker) -> None:
    one, other = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    message = await trouble(bare(f"{one},{other}, {one}"))
    assert message == f"no broker answers at {one}; no broker answers at {other}"


async def test_processes_report_the_same_and_no_secret(
    broker: SecureBroker, open_door: Stack, database: str, topics: Topics, tmp_path: Path
) -> None:
    wrong = {**with_login(broker), "FLEETGAUGE_KAFKA_PASSWORD": "a wrong password"}
    env = environment(database, open_door, topics, **wrong)
    with fleetgauge(env, "migrate") as migrate:
        await asyncio.to_thread(migrate.await_line, LOGIN)
    with fleetgauge(env, "emit", "host", "--user", "ada", "--agent", "here") as host:
        await asyncio.to_thread(host.await_line, LOGIN)
        host.signal(signal.SIGTERM)
        assert await asyncio.to_thread(host.await_exit) == 0
    async with ingest_process(env, tmp_path / "ingest.log") as ingest:
        await ingest.said(LOGIN)
        assert await ingest.stop() == 0
        logs = ingest.log + host.output + migrate.output
    assert "a wrong password" not in logs
    assert "Traceback" not in logs
