"""The connection to Kafka, and the names and sizes of the topics."""

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
    "replayed_topic": "the topic of replayed letters, FLEETGAUGE_DEADLETTER_TOPIC with .replayed,",
}


class KafkaSettings(Settings):
    """The connection to Kafka, and the names and sizes of the topics.

    [Kafka with a login and TLS](kafka-security.md) shows which security settings belong together.
    """

    model_config = SettingsConfigDict(title="Kafka")
    commands: ClassVar[tuple[str, ...]] = (
        "migrate",
        "ingest",
        "maintain",
        "doctor",
        "emit event",
        "emit fleet",
        "emit host",
        "dlq list",
        "dlq replay",
        "dlq show",
    )

    kafka_bootstrap: str
    """bootstrap brokers: `host:port`, separated by commas"""
    kafka_security_protocol: Protocol = "PLAINTEXT"
    """with or without a login (`SASL_…`) and TLS (`…SSL`)"""
    kafka_sasl_mechanism: Mechanism | None = None
    """the SASL mechanism of the login"""
    kafka_username: Annotated[str, Field(min_length=1)] | None = None
    """the user name of the login"""
    kafka_password: Annotated[SecretStr, Field(min_length=1)] | None = None
    """the password of the login"""
    kafka_ca_file: Path | None = None
    """CA certificates for the brokers, in PEM; default: the system's"""
    kafka_certificate_file: Path | None = None
    """client certificate, if brokers require one, in PEM"""
    kafka_key_file: Path | None = None
    """key of the client certificate, in PEM, unencrypted"""
    kafka_check_hostname: bool = True
    """verify that a broker's certificate has the host name of the connection"""
    samples_topic: str = "fleet.samples"
    """topic of samples"""
    events_topic: str = "fleet.events"
    """topic of all other events"""
    deadletter_topic: str = "fleet.deadletter"
    """topic of dead letters; `migrate` also creates a topic with this name and `.replayed`"""
    samples_partitions: Annotated[int, Field(ge=1)] = 6
    """partitions with which `migrate` creates the samples topic"""
    events_partitions: Annotated[int, Field(ge=1)] = 3
    """partitions with which `migrate` creates the events topic"""
    topic_replication: Annotated[int, Field(ge=1)] = 1
    """replicas with which `migrate` creates each topic; with 3 or more, two of them must have a
    message before it is acknowledged (`min.insync.replicas`)"""
    topic_retention_days: Days = 7
    """retention with which `migrate` creates topics; longer than the age of your oldest
    [backup](backup.md)"""
    message_max_bytes: Annotated[int, Field(ge=1_024, le=4 * 1024**2)] = 1024**2
    """the largest message that ingest accepts; the topics allow twice that, so that a larger one
    can be reported in a dead letter"""

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
        # Reports unusable files now, not at the first connection.
        self.tls_context()
        return self

    @model_validator(mode="after")
    def _topics_differ(self) -> Self:
        names: dict[str, str] = {}
        for field in ("samples_topic", "events_topic", "deadletter_topic", "replayed_topic"):
            name, variable = getattr(self, field), _VARIABLES[field]
            if name in names:
                raise ValueError(
                    f"{names[name]} and {variable} are both {name}: each needs a separate topic"
                )
            names[name] = variable
        return self

    @property
    def replayed_topic(self) -> str:
        """Topic that records which dead letters have been replayed."""
        return f"{self.deadletter_topic}.replayed"

    def tls_context(self) -> SSLContext | None:
        """The TLS context; None if the security protocol has no TLS."""
        if not self.kafka_security_protocol.endswith("SSL"):
            return None
        certificate, key = self.kafka_certificate_file, self.kafka_key_file
        identity = (certificate, key) if certificate and key else None
        return client_context(
            self.kafka_ca_file, identity, check_hostname=self.kafka_check_hostname
        )
