"""The limit holds by user: over addresses that are made up, many tokens, several processes.

And only origins that were named, to the letter, may read answers in a browser.
"""

import asyncio
import random
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.faults.plugin import Case
from tests.support.serve_process import Serving, calling, holder, served
from tests.support.service import bearer, token

pytestmark = pytest.mark.fault(19, "rate limit and origins")

PER_S, BURST, REPLICAS = 5, 30, 3
PATH = "/api/metrics/alice/performance"
ORIGIN = "https://dash.example:8443"


def tokens() -> list[dict[str, str]]:
    """Many of alice's, all good and all different."""
    now = datetime.now(UTC)
    return [bearer(token("alice", now=now + timedelta(seconds=s))) for s in range(50)]


def pretence(rng: random.Random) -> dict[str, str]:
    """Headers that claim where a request comes from; different each time."""
    address = f"{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}.1"
    return {
        "X-Forwarded-For": address,
        "X-Real-IP": address,
        "Forwarded": f"for={address}",
        "X-Forwarded-Host": f"{address}.example",
        "Host": rng.choice(["localhost", "fleetgauge", "fleetgauge.", address]),
        "Origin": f"https://{address}",
        "User-Agent": str(rng.random()),
    }


async def flood(
    services: list[Serving], seconds: float, rng: random.Random
) -> list[tuple[float, httpx.Response]]:
    """Asks all of them with all of alice's tokens, as fast as it goes; times and answers."""
    given, answers = tokens(), []
    stop = time.monotonic() + seconds

    async def ask_on(client: httpx.AsyncClient) -> None:
        while time.monotonic() < stop:
            headers = {**rng.choice(given), **pretence(rng)}
            answer = await client.get(PATH, headers=headers)
            answers.append((time.monotonic(), answer))

    async with asyncio.TaskGroup() as group:
        clients = [httpx.AsyncClient(base_url=one.url, timeout=30) for one in services * 4]
        for client in clients:
            group.create_task(ask_on(client))
    for client in clients:
        await client.aclose()
    return answers


async def test_the_limit_holds_over_all_processes(
    variables: dict[str, str], case: Case, rng: random.Random
) -> None:
    seconds = case.rounds(short=3, long=60)
    limit = {
        "FLEETGAUGE_RATE_LIMIT_PER_S": str(PER_S),
        "FLEETGAUGE_RATE_LIMIT_BURST": str(BURST),
        "FLEETGAUGE_HTTP_REPLICAS": str(REPLICAS),
    }
    with ExitStack() as running:
        services = [running.enter_context(served(variables, **limit)) for _ in range(REPLICAS)]
        began = time.monotonic()
        answers = await flood(services, seconds, rng)
        took_s = time.monotonic() - began
        granted = [answer for _, answer in answers if answer.status_code == 200]
        refused = [answer for _, answer in answers if answer.status_code != 200]
        assert {answer.status_code for answer in refused} == {429}
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        assert BURST <= len(granted) <= BURST + PER_S * took_s
        # Another user, and the platform, have separate buckets.
        for headers in (holder("bob"), holder("alice", "platform")):
            with calling(services[0]) as caller:
                assert caller.get("/api/metrics/bob/summary", headers).status == 200


# Origins that a browser may send; only the configured one is allowed.
LOOK_ALIKES = (
    "https://dash.example",
    "http://dash.example:8443",
    "https://dash.example:84430",
    "https://dash-example:8443",
    "https://dashxexample:8443",
    "https://evil.dash.example:8443",
    "https://dash.example:8443.evil.example",
    "https://evil.example/https://dash.example:8443",
    "https://dash.example:8443/",
    "https://dash.example:8443\\@evil.example",
    "https://DASH.example:8443",
    "null",
    "*",
    "",
)


def test_only_named_origins_are_let_in(variables: dict[str, str]) -> None:
    preflight = {"Access-Control-Request-Method": "GET"}
    with (
        served(variables, FLEETGAUGE_HTTP_CORS_ORIGINS=ORIGIN) as serving,
        serving.client() as client,
    ):
        for origin in (ORIGIN, *LOOK_ALIKES):
            headers = {"Origin": origin}
            answers = [
                client.get(PATH, headers={**headers, **holder("alice")}),
                client.get(PATH, headers=headers),
                client.get("/nothing", headers=headers),
                client.options(PATH, headers={**headers, **preflight}),
            ]
            allowed = {answer.headers.get("access-control-allow-origin") for answer in answers}
            assert allowed == ({ORIGIN} if origin == ORIGIN else {None}), origin
            assert all("*" not in answer.headers.get_list("vary") for answer in answers)
            assert answers[0].status_code == 200
        allowed_headers = client.options(PATH, headers={"Origin": ORIGIN, **preflight}).headers
        assert allowed_headers["access-control-allow-methods"] == "GET"
        assert "authorization" in allowed_headers["access-control-allow-headers"].lower()
        assert "access-control-allow-credentials" not in allowed_headers


def test_without_named_origins_none_is_let_in(variables: dict[str, str]) -> None:
    with served(variables) as serving, serving.client() as client:
        for origin in (ORIGIN, serving.url, "null"):
            answer = client.get(PATH, headers={"Origin": origin, **holder("alice")})
            assert answer.status_code == 200
            assert "access-control-allow-origin" not in answer.headers
            assert client.options(PATH, headers={"Origin": origin}).status_code == 401
