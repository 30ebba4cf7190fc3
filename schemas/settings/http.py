"""Addresses, tokens and limits of the HTTP service."""

import re
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from schemas.settings.environment import Port, Settings

# As browsers send it: no path, no trailing slash, no capitals, no wildcard.
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")


class HttpSettings(Settings):
    """Addresses, tokens and limits of the HTTP service.

    Set exactly one of `FLEETGAUGE_JWT_SECRET` and `FLEETGAUGE_JWT_PUBLIC_KEY_FILE`. The burst must
    be at least the number of replicas, since each replica grants its share of it.
    """

    model_config = SettingsConfigDict(title="HTTP")
    commands: ClassVar[tuple[str, ...]] = ("serve", "token")

    http_host: str = "127.0.0.1"
    """the address to listen on, or its host name: `127.0.0.1`, `::1`, `[::1]`, `localhost`"""
    http_port: Port = 8080
    """the port to listen on; 0 for any free port"""
    http_cors_origins: str | None = None
    """allowed CORS origins: `https://host[:port]`, separated by commas"""
    http_max_connections: Annotated[int, Field(ge=1, le=65_535)] = 2_048
    """maximum concurrent connections; a further one replaces the one that has been idle longest, or
    waits. Each is an open file: the process raises
    its own limit of open files as far as permitted"""
    http_idle_timeout_ms: Annotated[int, Field(ge=1_000)] = 75_000
    """how long a connection is kept between two requests: longer than a proxy in front keeps idle
    connections"""
    http_drain_timeout_ms: Annotated[int, Field(ge=100)] = 10_000
    """how long shutdown waits for accepted requests"""
    http_metrics_host: str = "127.0.0.1"
    """the address of the separate `/metrics` port"""
    http_metrics_port: Port | None = None
    """the separate `/metrics` port; the files in `deploy/` set 9465. Without it metrics are not
    served"""
    http_metrics_on_main_port: bool = False
    """also serve `/metrics` on the main port, to clients on the same machine. Leave it off behind a
    local proxy that adds neither `Forwarded` nor `X-Forwarded-For`: its requests look local"""
    jwt_secret: SecretStr | None = None
    """the secret that signs tokens (HS256), 32 bytes or more"""
    jwt_public_key_file: Path | None = None
    """instead of the secret: a PEM file with the token issuer's public key (RS256, ES256)"""
    jwt_previous_secret: SecretStr | None = None
    """the previous secret, until the tokens that it signed expire"""
    jwt_previous_public_key_file: Path | None = None
    """a PEM file with the previous public key, until its tokens expire"""
    jwt_max_ttl_s: Annotated[int, Field(ge=1)] | None = None
    """maximum lifetime of a token, from its `iat`, or from now without one; a longer one is
    rejected. If not set, any `exp` is accepted, and `fleetgauge token` grants at most 90 days"""
    rate_limit_per_s: Annotated[int, Field(ge=0)] = 50
    """requests a second for all tokens of one `sub` together; 0 for no limit"""
    rate_limit_burst: Annotated[int, Field(ge=1)] = 100
    """requests that they may send at once after a pause"""
    http_replicas: Annotated[int, Field(ge=1)] = 1
    """the maximum number of processes that share the requests: each grants its share of the rate
    limit, so that together they never exceed it"""
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 8
    """maximum number of database connections"""
    answer_cache_ms: Annotated[int, Field(ge=0, le=60_000)] = 2_000
    """how long the response cache keeps an answer; 0 disables it, and each request queries the
    database"""

    @field_validator("http_cors_origins")
    @classmethod
    def _is_a_list_of_origins(cls, origins: str | None) -> str | None:
        for origin in (origins or "").split(","):
            if origins is not None and not _ORIGIN.fullmatch(origin.strip()):
                raise ValueError(f"takes https://host[:port][,https://host…], not {origin!r}")
        return origins

    @field_validator("http_host", "http_metrics_host")
    @classmethod
    def _has_no_brackets(cls, host: str) -> str:
        """Accepts an IPv6 address written as in a URL."""
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    @field_validator("jwt_secret", "jwt_previous_secret")
    @classmethod
    def _is_long_enough(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and len(secret.get_secret_value().encode()) < 32:
            raise ValueError(
                "takes a secret of 32 bytes or more, such as 'openssl rand -base64 48' prints"
            )
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
