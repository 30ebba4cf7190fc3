"""The way to the broker: a start of aiokafka's clients that says what keeps them from it."""

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
# Of a client's options those that a connection has.
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
        """Connects; KafkaConnectionError says no more than that it could not."""


async def start(client: Client, options: Mapping[str, Any]) -> None:
    """Starts a client that was made with these options.

    Raises KafkaConnectionError with a sentence of what keeps it from the broker.
    """
    try:
        await client.start()
    except KafkaConnectionError as error:
        raise KafkaConnectionError(await _trouble(options)) from error


async def _trouble(options: Mapping[str, Any]) -> str:
    """One connection to each address, made by hand: the client keeps to itself what it met."""
    addresses = [address.strip() for address in options["bootstrap_servers"].split(",")]
    known = {name: options[name] for name in CONNECTION if name in options}
    told = [await _probe(address, known) for address in addresses]
    return "; ".join(dict.fromkeys(told))


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
    return f"no broker answered at {address}, until now"


def _sentence(address: str, error: OSError | KafkaError) -> str:
    broker = f"the broker at {address}"
    match error, error.__cause__:
        case ssl.SSLCertVerificationError(), _:
            return (
                f"the certificate of {broker} is not to be trusted ({error.verify_message}): "
                "check the CA file, and the host's name"
            )
        case ((ssl.SSLError() | ConnectionResetError()), _):
            return f"{broker} does not speak TLS as we do: check the security protocol"
        case OSError(), _:
            return f"no broker answers at {address}"
        case SaslAuthenticationFailed(), _:
            return f"{broker} refuses the login: check user name, password and SASL mechanism"
        case UnsupportedSaslMechanismError(), _:
            return f"{broker} does not take this SASL mechanism: choose another"
        case IllegalSaslStateError(), _:
            return f"{broker} takes no user names: check the security protocol"
        case KafkaConnectionError(), ssl.SSLError():
            return f"{broker} refuses our certificate, or that we have none: check its file"
        case KafkaConnectionError(), _:
            return f"{broker} hangs up at our first words: check the security protocol"
    return f"{broker} does not answer: {error}"
