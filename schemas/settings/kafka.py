"""Where the broker is and how it knows us; the topics' names and sizes."""

import re
from pathlib import Path
from ssl import SSLContext
from typing import Annotated, ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from schemas.settings.environment import Days, Settings
from schemas.settings.security import Mechanism, Protocol, check_together
from schemas.settings.tls import client_context

_VARIABLES = {
    "samples_topic": "FLEETGAUGE_SAMPLES_TOPIC",
    "events_topic": "FLEETGAUGE_EVENTS_TOPIC",
    "deadletter_topic": "FLEETGAUGE_DEADLETTER_TOPIC",
    "replayed_topic": "the topic of what was replayed, FLEETGAUGE_DEADLETTER_TOPIC with .replayed,",
}


class KafkaSettings(Settings):
    """Where the broker is and how it knows us; the topics' names and sizes.

    What goes together for a login or TLS is told in [Kafka with a login and
    TLS](kafka-security.md).
    """

    model_config = SettingsConfigDict(title="Kafka")
    commands: ClassVar[tuple[str, ...]] = (
        "migrate",
        "ingest",
        "maintain",
        "doctor",
        "emit fleet",
        "emit host",
        "dlq list",
        "dlq replay",
        "dlq show",
    )

    kafka_bootstrap: str
    """`host:port`, several with commas"""
    kafka_security_protocol: Protocol = "PLAINTEXT"
    """whether there is a login (`SASL_…`) and TLS (`…SSL`)"""
    kafka_sasl_mechanism: Mechanism | None = None
    """how the login is proved"""
    kafka_username: Annotated[str, Field(min_length=1)] | None = None
    """the login"""
    kafka_password: Annotated[SecretStr, Field(min_length=1)] | None = None
    """its password"""
    kafka_ca_file: Path | None = None
    """certificates that vouch for the brokers, in PEM; without it the system's are trusted"""
    kafka_certificate_file: Path | None = None
    """our own certificate, where brokers ask for one, in PEM"""
    kafka_key_file: Path | None = None
    """its key, in PEM, unencrypted"""
    kafka_check_hostname: bool = True
    """whether a broker's certificate must have the name that we connect to"""
    samples_topic: str = "fleet.samples"
    """where samples are"""
    events_topic: str = "fleet.events"
    """where all other events are"""
    deadletter_topic: str = "fleet.deadletter"
    """where that goes which could not be used; beside it `migrate` makes a topic of this name and
    `.replayed`"""
    samples_partitions: Annotated[int, Field(ge=1)] = 6
    """partitions of the samples' topic, when `migrate` creates it"""
    events_partitions: Annotated[int, Field(ge=1)] = 3
    """partitions of the events' topic, when `migrate` creates it"""
    topic_replication: Annotated[int, Field(ge=1)] = 1
    """replicas of each topic, when `migrate` creates it; with 3 or more, two of them have to have a
    message before it counts (`min.insync.replicas`)"""
    topic_retention_days: Days = 7
    """how long the broker keeps messages, when `migrate` creates the topic; longer than your oldest
    [backup](backup.md) is old"""
    message_max_bytes: Annotated[int, Field(ge=1_024, le=4 * 1024**2)] = 1024**2
    """the longest message that ingest takes; the topics take twice that, so that a longer one can
    be told in a dead letter"""

    @field_validator("kafka_bootstrap")
    @classmethod
    def _is_a_list_of_addresses(cls, bootstrap: str) -> str:
        for address in bootstrap.split(","):
            if not re.fullmatch(r"[^\s,:/]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}", address.strip()):
                raise ValueError(f"takes host:port[,host:port…], not {address!r}")
        return bootstrap

    @model_validator(mode="after")
    def _security_fits(self) -> Self:
        given = {name.removeprefix("kafka_").upper() for name in self.model_fields_set}
        check_together(self.kafka_security_protocol, given)
        # Files that cannot be used are told now, not at the first connection.
        self.tls_context()
        return self

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        names: dict[str, str] = {}
        for field in ("samples_topic", "events_topic", "deadletter_topic", "replayed_topic"):
            name, variable = getattr(self, field), _VARIABLES[field]
            if name in names:
                raise ValueError(
                    f"{names[name]} and {variable} are both {name}: each takes a topic of its own"
                )
            names[name] = variable
        return self

    @property
    def replayed_topic(self) -> str:
        """Where it is written which dead letters have been replayed."""
        return f"{self.deadletter_topic}.replayed"

    def tls_context(self) -> SSLContext | None:
        """What TLS needs; None where the security protocol has none."""
        if not self.kafka_security_protocol.endswith("SSL"):
            return None
        certificate, key = self.kafka_certificate_file, self.kafka_key_file
        identity = (certificate, key) if certificate and key else None
        return client_context(
            self.kafka_ca_file, identity, check_hostname=self.kafka_check_hostname
        )
