"""What is asked for: each endpoint's path, and the query behind it with its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from query import platform, summary
from query.historical import window_of
from schemas.responses import Range

RANGES: Final[tuple[Range, ...]] = ("24h", "7d", "30d")


@dataclass(frozen=True)
class Endpoint:
    """One that is measured; `path` has a place for the user, `parameters` are all but the user."""

    name: str
    path: str
    query: str
    parameters: Mapping[str, object]

    def asked_by(self, user_id: str) -> dict[str, object]:
        """The query's parameters for one user."""
        return {"user_id": user_id, **self.parameters}


def endpoints(now: datetime) -> tuple[Endpoint, ...]:
    """All of them, with the parameters that they have at this moment."""
    return (
        Endpoint("platform", "/api/metrics", "platform", _fields(platform.moments_of(now))),
        *(_historical(time_range, now) for time_range in RANGES),
        Endpoint(
            "performance",
            "/api/metrics/{user}/performance",
            "performance",
            {"now": now - timedelta(seconds=1)},
        ),
        Endpoint(
            "summary", "/api/metrics/{user}/summary", "summary", _fields(summary.moments_of(now))
        ),
    )


def _historical(time_range: Range, now: datetime) -> Endpoint:
    window = window_of(time_range, now)
    bounds = {"start": window.start, "stop": window.stop, "width": window.width}
    path = f"/api/metrics/{{user}}/historical?range={time_range}"
    return Endpoint(f"historical {time_range}", path, window.query, bounds)


def _fields(moments: msgspec.Struct) -> dict[str, object]:
    return msgspec.structs.asdict(moments)
