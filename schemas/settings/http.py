"""Where the service listens and how it knows its users."""

import re
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import SettingsConfigDict

from schemas.settings.environment import Port, Settings

# As a browser writes it: no path, no final slash, no capital, no wildcard.
_ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?")


class HttpSettings(Settings):
    """Where the service listens and how it knows its users.

    Of `FLEETGAUGE_JWT_SECRET` and `FLEETGAUGE_JWT_PUBLIC_KEY_FILE` exactly one has to be set. The
    burst has to be at least the number of replicas, for each grants its share.
    """

    model_config = SettingsConfigDict(title="HTTP")
    commands: ClassVar[tuple[str, ...]] = ("serve", "token")

    http_host: str = "127.0.0.1"
    """the address to listen on, or a name of it: `127.0.0.1`, `::1`, `[::1]`, `localhost`"""
    http_port: Port = 8080
    """the port to listen on; 0 for any that is free"""
    http_cors_origins: str | None = None
    """origins whose pages may read answers in a browser: `https://host[:port]`, several with
    commas"""
    http_max_connections: Annotated[int, Field(ge=1, le=65_535)] = 2_048
    """most connections at a time; further ones wait. Each is an open file: the process raises its
    own limit as far as it may"""
    http_drain_timeout_ms: Annotated[int, Field(ge=100)] = 10_000
    """how long the end waits for requests that were accepted"""
    http_metrics_host: str = "127.0.0.1"
    """the address on which `/metrics` is served on a port of its own"""
    http_metrics_port: Port | None = None
    """that port; the files in `deploy/` set 9465. Without it metrics are not served"""
    http_metrics_on_main_port: bool = False
    """serve `/metrics` on the main port, too, to clients on the same machine. A proxy there that
    adds neither `Forwarded` nor `X-Forwarded-For` passes for such a client: then leave it off"""
    jwt_secret: SecretStr | None = None
    """the secret that tokens are signed with (HS256), 32 bytes or more"""
    jwt_public_key_file: Path | None = None
    """in place of the secret: a PEM file with the public key of who signs tokens (RS256, ES256)"""
    jwt_previous_secret: SecretStr | None = None
    """the secret before, while tokens that it signed hold"""
    jwt_previous_public_key_file: Path | None = None
    """a PEM file with the public key before, while tokens that it signed hold"""
    jwt_max_ttl_s: Annotated[int, Field(ge=1)] | None = None
    """how long a token may hold, from its `iat`, or from now without one; a longer one is refused.
    Without it every `exp` is taken, and `fleetgauge token` gives 90 days at most"""
    rate_limit_per_s: Annotated[int, Field(ge=0)] = 50
    """requests a second that the tokens of one `sub` have together; 0 for no limit"""
    rate_limit_burst: Annotated[int, Field(ge=1)] = 100
    """requests that they have at once after a pause"""
    http_replicas: Annotated[int, Field(ge=1)] = 1
    """how many processes share the requests, most of them at a time: each grants its share of the
    limit, so that together they never grant more"""
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 8
    """most connections to the database"""
    answer_cache_ms: Annotated[int, Field(ge=0, le=60_000)] = 2_000
    """how long an answer is kept for whoever asks the same again; with 0 each request asks the
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
        """An IPv6 address may be written as in a URL."""
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
