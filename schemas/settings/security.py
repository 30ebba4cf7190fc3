"""Checks which settings of the broker's security belong together."""

from collections.abc import Collection
from typing import Final, Literal

PREFIX: Final = "FLEETGAUGE_KAFKA_"
LOGIN: Final = ("SASL_MECHANISM", "USERNAME", "PASSWORD")
IDENTITY: Final = ("CERTIFICATE_FILE", "KEY_FILE")
TLS: Final = ("CA_FILE", *IDENTITY, "CHECK_HOSTNAME")

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"]


def check_together(protocol: Protocol, given: Collection[str]) -> None:
    """Raises ValueError if the `given` settings are too many or too few for the protocol.

    `given` are names as above, without the prefix.
    """
    login = LOGIN if protocol.startswith("SASL_") else ()
    tls = TLS if protocol.endswith("SSL") else ()
    identity = IDENTITY if tls and not {*IDENTITY}.isdisjoint(given) else ()
    chosen = f"{PREFIX}SECURITY_PROTOCOL={protocol}"
    if unused := [name for name in (*LOGIN, *TLS) if name in given and name not in (*login, *tls)]:
        raise ValueError(f"{chosen} does not use {_listed(unused)}: choose another, or remove them")
    if missing := [name for name in (*login, *identity) if name not in given]:
        raise ValueError(f"{chosen} also needs {_listed(missing)}")


def _listed(names: Collection[str]) -> str:
    return " and ".join(f"{PREFIX}{name}" for name in names)
