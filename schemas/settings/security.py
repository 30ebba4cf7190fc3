"""Which settings of the broker's security go together."""

from collections.abc import Collection
from typing import Final, Literal

PREFIX: Final = "FLEETGAUGE_KAFKA_"
LOGIN: Final = ("SASL_MECHANISM", "USERNAME", "PASSWORD")
IDENTITY: Final = ("CERTIFICATE_FILE", "KEY_FILE")
TLS: Final = ("CA_FILE", *IDENTITY, "CHECK_HOSTNAME")

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def check_together(protocol: Protocol, given: Collection[str]) -> None:
    """Raises ValueError, a sentence, where what is given is too much or too little for a protocol.

    `given` are names of settings as above.
    """
    login = LOGIN if protocol.startswith("SASL_") else ()
    tls = TLS if protocol.endswith("SSL") else ()
    identity = IDENTITY if tls and not {*IDENTITY}.isdisjoint(given) else ()
    chosen = f"{PREFIX}SECURITY_PROTOCOL={protocol}"
    if unused := [name for name in (*LOGIN, *TLS) if name in given and name not in (*login, *tls)]:
        raise ValueError(f"{chosen} has no use for {_told(unused)}: choose another, or remove them")
    if missing := [name for name in (*login, *identity) if name not in given]:
        raise ValueError(f"{chosen} needs {_told(missing)} besides what is set")


def _told(names: Collection[str]) -> str:
    return " and ".join(f"{PREFIX}{name}" for name in names)
