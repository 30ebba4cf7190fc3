"""A client of the HTTP service for the demo, and example calls for its reader."""

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deploy.local.demo_children import DemoError

TIMEOUT_SECONDS = 120.0
PAUSE_SECONDS = 0.2
HOST_USER = "demo"
RANGES = ("24h", "7d", "30d")


@dataclass(frozen=True)
class DemoService:
    """A running service and a valid token."""

    address: str
    token: str

    def performance(self, user: str) -> dict[str, Any]:
        """The performance endpoint's answer; OSError if it fails."""
        return self._get(f"/api/metrics/{user}/performance")

    def historical(self, user: str, time_range: str) -> list[Any]:
        """The points of a range; OSError if the request fails."""
        return list(self._get(f"/api/metrics/{user}/historical?range={time_range}")["metrics"])

    def calls(self, users: tuple[str, ...]) -> str:
        """Shell lines to paste into another terminal, one for each endpoint and user."""
        own = (*(f"historical?range={r}" for r in RANGES), "performance", "summary")
        paths = ["", *(f"/{user}/{rest}" for user in users for rest in own)]
        guarded = [
            f'curl -H "Authorization: Bearer $TOKEN" "{self.address}/api/metrics{path}"'
            for path in paths
        ]
        return "\n".join([f"TOKEN={self.token}", *guarded, f"curl {self.address}/docs"])

    def _get(self, path: str) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310
            f"{self.address}{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            return dict(json.load(answer))


def until(what: str, probe: Callable[[], bool], pause: Callable[[float], None]) -> None:
    """Return once `probe` is true; DemoError with its last error on timeout.

    `pause(seconds)` waits between two attempts and may raise.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    last = "not yet"
    while time.monotonic() < deadline:
        try:
            if probe():
                return
        except OSError as error:
            last = str(error)
        pause(PAUSE_SECONDS)
    raise DemoError(f"timeout: no {what} after {TIMEOUT_SECONDS:.0f} s; last: {last}")


def has_fresh_data(service: DemoService) -> Callable[[], bool]:
    """A probe: whether the service has a sample of this machine newer than this call."""
    begun = datetime.now(UTC)

    def probe() -> bool:
        answer = service.performance(HOST_USER)
        return answer["status"] == "ok" and datetime.fromisoformat(answer["asOf"]) > begun

    return probe
