"""A separate broker with TLS and passwords: one listener for each kind of authentication."""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.local import running
from deploy.local.instance import Instance, InstanceRecord
from deploy.local.kafka import Kafka
from deploy.local.part import Mode
from deploy.local.ports import LOOPBACK
from tests.support.certificates import Authority, Identity
from tests.support.stack import REPOSITORY

USER: Final = "fleet"
PASSWORD: Final = "correct horse battery staple"
# The search for free ports begins here.
FIRST_PORT: Final = 19_092
# Its listeners, by protocol.
PLAIN, PASSWORDS, CERTIFICATES = "kafka", "SASL_SSL", "SSL"


@dataclass(frozen=True)
class SecureBroker:
    """The broker's ports, its certificate authority, and a client with a certificate."""

    ports: dict[str, int]
    authority: Path
    client: Identity

    def bootstrap(self, listener: str) -> str:
        return f"{LOOPBACK}:{self.ports[listener]}"


class SecureKafka(Kafka):
    """The stack's broker with listeners that authenticate clients."""

    ports = (PLAIN, "controller", PASSWORDS, CERTIFICATES)

    def __init__(self, instance: Instance, stores: Path) -> None:
        super().__init__(instance)
        self._stores = stores

    def _own_properties(self) -> str:
        at = self._instance.kept.ports
        clients = ",".join(
            f"{name}://{LOOPBACK}:{at[port]}"
            for name, port in [("PLAINTEXT", PLAIN), *((p, p) for p in (PASSWORDS, CERTIFICATES))]
        )
        module = "org.apache.kafka.common.security"
        return super()._own_properties() + (
            f"listeners={clients},CONTROLLER://{LOOPBACK}:{at['controller']}\n"
            f"advertised.listeners={clients}\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
            "SASL_SSL:SASL_SSL,SSL:SSL\n"
            "sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN\n"
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config="
            f"{module}.scram.ScramLoginModule required;\n"
            "listener.name.sasl_ssl.plain.sasl.jaas.config="
            f'{module}.plain.PlainLoginModule required user_{USER}="{PASSWORD}";\n'
            "ssl.keystore.type=PEM\n"
            f"ssl.keystore.location={self._stores / 'keystore.pem'}\n"
            "ssl.truststore.type=PEM\n"
            f"ssl.truststore.location={self._stores / 'authority.pem'}\n"
            "listener.name.ssl.ssl.client.auth=required\n"
        )

    def _format_words(self) -> list[str]:
        login = f"SCRAM-SHA-512=[name={USER},password={PASSWORD}]"
        return [*super()._format_words(), "--add-scram", login]


class GuardedKafka(SecureKafka):
    """The same with ACLs: users that log in need grants; anonymous clients may do everything."""

    def _own_properties(self) -> str:
        return super()._own_properties() + (
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "super.users=User:ANONYMOUS\n"
        )


@contextmanager
def secure_broker(folder: Path, program: type[SecureKafka] = SecureKafka) -> Iterator[SecureBroker]:
    """A broker in a new folder, with its own certificate authority; removed at the end."""
    stores = folder / "stores"
    stores.mkdir()
    authority = Authority(stores, "authority")
    server = authority.identity("server", LOOPBACK)
    keystore = stores / "keystore.pem"
    keystore.write_bytes(server.key.read_bytes() + server.certificate.read_bytes())
    cache = REPOSITORY / ".stack" / "cache"
    wanted = dict.fromkeys([*SecureKafka.ports, "database"], FIRST_PORT)
    instance = Instance(folder, InstanceRecord("native", str(cache), ports=wanted))
    kafka = program(instance, stores)
    try:
        with warnings.catch_warnings():
            # The broker is started as a daemon: its Popen is discarded while it still runs.
            warnings.simplefilter("ignore", ResourceWarning)
            running.bring_up(instance, [kafka])
        yield SecureBroker(
            instance.kept.ports, authority.file, authority.identity("client", LOOPBACK)
        )
    finally:
        kafka.stop(Mode.IMMEDIATE)
        shutil.rmtree(folder)
