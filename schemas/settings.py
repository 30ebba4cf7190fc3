"""Settings from the environment, `FLEETGAUGE_…`; a secret may come from the file `…_FILE` names.

Each part of Fleetgauge reads the group it needs. A group tells all that is wrong with it at once.
"""

import os
import re
from datetime import timedelta
from pathlib import Path
from ssl import SSLContext
from typing import Annotated, Any, Self, TypeVar, overload

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from schemas.database_url import check_database_url
from schemas.security import Mechanism, Protocol, check_together
from schemas.tls import client_context

PREFIX = "FLEETGAUGE_"
Port = Annotated[int, Field(ge=0, le=65_535)]
Days = Annotated[int, Field(ge=1)]
# As a browser writes it: no path, no final slash, no capital, no wildcard.
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")
A = TypeVar("A", bound="_Settings")
B = TypeVar("B", bound="_Settings")
C = TypeVar("C", bound="_Settings")


class SettingsError(Exception):
    """Settings that cannot be used: `problems` has one sentence each, naming the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _FileSource(PydanticBaseSettingsSource):
    """Reads `FLEETGAUGE_X` from the file that `FLEETGAUGE_X_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{PREFIX}{field_name.upper()}_FILE")
        if path is None or field_name.endswith("_file"):
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            variable = f"{PREFIX}{field_name.upper()}_FILE"
            raise SettingsError([f"{variable}: cannot read {path}: {error}"]) from error

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(f, n) for n, f in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in found if value is not None}


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls)


class DatabaseSettings(_Settings):
    """Where TimescaleDB is and how long it keeps what."""

    database_url: SecretStr
    lateness_limit_days: Days = 31
    refresh_start_days: Days = 32
    raw_retention_days: Days = 35
    metrics_5m_retention_days: Days = 90
    metrics_1h_retention_days: Days = 365

    @field_validator("database_url")
    @classmethod
    def _is_a_postgresql_url(cls, url: SecretStr) -> SecretStr:
        check_database_url(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _windows_fit(self) -> Self:
        # A refresh over dropped chunks erases rollups, a writer that meets drop_chunks fails, and a
        # late row without its 5-minute row would count a fresh bucket twice.
        chunk_days = 1
        if not self.lateness_limit_days < self.refresh_start_days:
            raise ValueError(
                f"FLEETGAUGE_REFRESH_START_DAYS ({self.refresh_start_days}) must be greater than "
                f"FLEETGAUGE_LATENESS_LIMIT_DAYS ({self.lateness_limit_days})"
            )
        if not self.refresh_start_days < self.raw_retention_days - chunk_days:
            raise ValueError(
                f"FLEETGAUGE_RAW_RETENTION_DAYS ({self.raw_retention_days}) must be greater than "
                f"FLEETGAUGE_REFRESH_START_DAYS plus one day ({self.refresh_start_days} + 1)"
            )
        if not (
            self.raw_retention_days
            < self.metrics_5m_retention_days
            < self.metrics_1h_retention_days
        ):
            raise ValueError(
                "retention must grow with the bucket: FLEETGAUGE_RAW_RETENTION_DAYS "
                f"({self.raw_retention_days}) < FLEETGAUGE_METRICS_5M_RETENTION_DAYS "
                f"({self.metrics_5m_retention_days}) < FLEETGAUGE_METRICS_1H_RETENTION_DAYS "
                f"({self.metrics_1h_retention_days})"
            )
        return self

    @field_validator("metrics_1h_retention_days")
    @classmethod
    def _holds_a_week(cls, days: int) -> int:
        # Dashboards' 7d is read from the hours.
        if days < 8:
            raise ValueError("takes 8 or more: the range 7d is answered from the hours")
        return days

    @property
    def lateness_limit(self) -> timedelta:
        return timedelta(days=self.lateness_limit_days)


class KafkaSettings(_Settings):
    """Where the broker is and how it knows us; the topics' names and sizes."""

    kafka_bootstrap: str
    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_sasl_mechanism: Mechanism | None = None
    kafka_username: Annotated[str, Field(min_length=1)] | None = None
    kafka_password: Annotated[SecretStr, Field(min_length=1)] | None = None
    # Without it the system's authorities are trusted.
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_check_hostname: bool = True
    samples_topic: str = "fleet.samples"
    events_topic: str = "fleet.events"
    deadletter_topic: str = "fleet.deadletter"
    samples_partitions: Annotated[int, Field(ge=1)] = 6
    events_partitions: Annotated[int, Field(ge=1)] = 3
    topic_replication: Annotated[int, Field(ge=1)] = 1
    topic_retention_days: Days = 7
    # What ingest takes; the topics take more, so that an oversized message has a place to go.
    message_max_bytes: Annotated[int, Field(ge=1_024, le=4 * 1024**2)] = 1024**2

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


class IngestSettings(_Settings):
    """How much a batch holds and how long things may take."""

    consumer_group: str = "fleetgauge-ingest"
    batch_max_rows: Annotated[int, Field(ge=1)] = 100_000
    batch_max_bytes: Annotated[int, Field(ge=1_024)] = 64 * 1024**2
    batch_linger_ms: Annotated[int, Field(ge=0, le=60_000)] = 100
    claim_patience_ms: Annotated[int, Field(ge=100)] = 2_000
    drain_timeout_ms: Annotated[int, Field(ge=100)] = 10_000
    stall_timeout_ms: Annotated[int, Field(ge=1_000)] = 300_000
    upkeep_interval_minutes: Annotated[int, Field(ge=1, le=1_440)] = 60
    metrics_host: str = "127.0.0.1"
    metrics_port: Port = 9464

    @property
    def upkeep_interval(self) -> timedelta:
        return timedelta(minutes=self.upkeep_interval_minutes)


class HttpSettings(_Settings):
    """Where the service listens and how it knows its users."""

    http_host: str = "127.0.0.1"
    http_port: Port = 8080
    http_cors_origins: str | None = None
    http_max_connections: Annotated[int, Field(ge=1, le=65_535)] = 2_048
    http_drain_timeout_ms: Annotated[int, Field(ge=100)] = 10_000
    # Metrics for other machines are on a port of their own, which no dashboard needs to reach.
    http_metrics_host: str = "127.0.0.1"
    http_metrics_port: Port | None = None
    # HS256 with a secret, or RS256/ES256 with the public key in this PEM file. What was signed with
    # the one before is taken besides, for as long as such tokens hold.
    jwt_secret: SecretStr | None = None
    jwt_public_key_file: Path | None = None
    jwt_previous_secret: SecretStr | None = None
    jwt_previous_public_key_file: Path | None = None
    rate_limit_per_s: Annotated[int, Field(ge=0)] = 50
    rate_limit_burst: Annotated[int, Field(ge=1)] = 100
    # Processes among which a user's requests are spread: each grants its share of the limit.
    http_replicas: Annotated[int, Field(ge=1)] = 1
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 8
    answer_cache_ms: Annotated[int, Field(ge=0, le=60_000)] = 2_000

    @field_validator("http_cors_origins")
    @classmethod
    def _is_a_list_of_origins(cls, origins: str | None) -> str | None:
        for origin in (origins or "").split(","):
            if origins is not None and not _ORIGIN.fullmatch(origin.strip()):
                raise ValueError(f"takes https://host[:port][,https://host…], not {origin!r}")
        return origins

    @field_validator("jwt_secret", "jwt_previous_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < 32:
            raise ValueError("takes a secret of 32 bytes or more")
        return secret

    @model_validator(mode="after")
    def _has_one_key(self) -> Self:
        if (self.jwt_secret is None) == (self.jwt_public_key_file is None):
            raise ValueError(
                "set either FLEETGAUGE_JWT_SECRET (or FLEETGAUGE_JWT_SECRET_FILE) "
                "or FLEETGAUGE_JWT_PUBLIC_KEY_FILE"
            )
        return self

    @model_validator(mode="after")
    def _has_a_share_for_each(self) -> Self:
        if self.rate_limit_burst < self.http_replicas:
            raise ValueError(
                f"FLEETGAUGE_RATE_LIMIT_BURST ({self.rate_limit_burst}) must be "
                f"FLEETGAUGE_HTTP_REPLICAS ({self.http_replicas}) or more: each grants its share"
            )
        return self

    @property
    def cors_origins(self) -> list[str]:
        return [origin.strip() for origin in (self.http_cors_origins or "").split(",") if origin]


@overload
def load(a: type[A], /) -> tuple[A]: ...
@overload
def load(a: type[A], b: type[B], /) -> tuple[A, B]: ...
@overload
def load(a: type[A], b: type[B], c: type[C], /) -> tuple[A, B, C]: ...
def load(*groups: type[Any]) -> tuple[Any, ...]:
    """Reads these groups from the environment, in order.

    Raises SettingsError with the problems of all of them.
    """
    loaded: list[Any] = []
    problems: list[str] = []
    for group in groups:
        try:
            loaded.append(group())
        except ValidationError as error:
            problems += [_sentence(problem) for problem in error.errors(include_input=False)]
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return tuple(loaded)


def _sentence(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    variable = f"{PREFIX}{str(problem['loc'][0]).upper()}"
    if problem["type"] == "missing":
        return f"{variable} is not set"
    return f"{variable}: {message}"
