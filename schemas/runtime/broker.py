"""Starts aiokafka's clients, with errors that name the cause of a failed connection."""

import ssl
from collections.abc import Mapping
from typing import Any, Final, Protocol

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

PROBE_TIMEOUT_MS: Final = 5_000
# The options of a client that apply to a connection.
CONNECTION: Final = (
    "security_protocol",
    "ssl_context",
    "sasl_mechanism",
    "sasl_plain_username",
    "sasl_plain_password",
    "sasl_oauth_token_provider",
)


class Client(Protocol):
    """A consumer, producer or admin client of aiokafka."""

    async def start(self) -> None:
        """Connects; its KafkaConnectionError does not name the cause."""


async def start(client: Client, options: Mapping[str, Any]) -> None:
    """Starts a client that was created with these options.

    Raises KafkaConnectionError with a sentence that names the cause.
    """
    try:
        await client.start()
    except KafkaConnectionError as error:
        raise KafkaConnectionError(await _trouble(options)) from error


async def _trouble(options: Mapping[str, Any]) -> str:
    """Probes each address with a connection, since the client does not expose its error."""
    addresses = [address.strip() for address in options["bootstrap_servers"].split(",")]
    known = {name: options[name] for name in CONNECTION if name in options}
    causes = [await _probe(address, known) for address in addresses]
    return "; ".join(dict.fromkeys(causes))


async def _probe(address: str, options: Mapping[str, Any]) -> str:
    host, _, port = address.rpartition(":")
    try:
        connection = await create_conn(
            host.strip("[]"), int(port), request_timeout_ms=PROBE_TIMEOUT_MS, **options
        )
        try:
            await connection.send(MetadataRequest([]))
        finally:
            connection.close()
    except (OSError, KafkaError) as error:
        return _sentence(address, error)
    return f"no broker answered at {address} before"


def _sentence(address: str, error: OSError | KafkaError) -> str:
    broker = f"the broker at {address}"
    match error, error.__cause__:
        case ssl.SSLCertVerificationError(), _:
            return (
                f"the certificate of {broker} is not trusted ({error.verify_message}): "
                "check the CA file and the host name"
            )
        case ((ssl.SSLError() | ConnectionResetError()), _):
            return f"the TLS handshake with {broker} failed: check the security protocol"
        case OSError(), _:
            return f"no broker answers at {address}"
        case SaslAuthenticationFailed(), _:
            return f"{broker} rejects the login: check user name, password and SASL mechanism"
        case UnsupportedSaslMechanismError(), _:
            return f"{broker} does not support this SASL mechanism: choose another"
        case IllegalSaslStateError(), _:
            return f"{broker} does not accept logins: check the security protocol"
        case KafkaConnectionError(), ssl.SSLError():
            return f"{broker} rejects our client certificate, or requires one: check its file"
        case KafkaConnectionError(), _:
            return f"{broker} closes the connection at once: check the security protocol"
    return f"{broker} does not answer: {error}"
