"""The HTTP service as the demo's user meets it: a token, fresh data, and calls to try."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from deploy.local.demo_children import DemoError

PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.1
USER = "demo"
PATHS = (
    f"/api/metrics/{USER}/historical?range=24h",
    f"/api/metrics/{USER}/historical?range=7d",
    f"/api/metrics/{USER}/historical?range=30d",
    f"/api/metrics/{USER}/performance",
)


def performance(address: str, token: str) -> dict[str, Any]:
    """The performance endpoint's answer; OSError where there is none yet."""
    request = urllib.request.Request(  # noqa: S310
        f"{address}/api/metrics/{USER}/performance", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
        return dict(json.load(answer))


def await_fresh(address: str, token: str, pause: Callable[[float], None]) -> None:
    """Return once the service tells of a sample from after this call; DemoError if it never does.

    `pause(seconds)` passes the time between two questions and may raise.
    """
    begun = datetime.now(UTC)
    deadline = time.monotonic() + PATIENCE_SECONDS
    said = "nothing"
    while time.monotonic() < deadline:
        try:
            answer = performance(address, token)
        except OSError as error:
            said = str(error)
        else:
            said = json.dumps(answer)
            if answer["status"] == "ok" and datetime.fromisoformat(answer["asOf"]) > begun:
                return
        pause(PAUSE_SECONDS)
    raise DemoError(f"{address} had no fresh data in {PATIENCE_SECONDS:.0f} s; it said: {said}")


def calls(address: str, token: str) -> str:
    """What to paste into another terminal, a line for each endpoint."""
    guarded = [f'curl -H "Authorization: Bearer $TOKEN" "{address}{path}"' for path in PATHS]
    return "\n".join([f"TOKEN={token}", *guarded, f"curl {address}/docs"])
