"""Every token against every user's path, however it is spelled: nobody reads another's data."""

import re

import pytest
from litestar import Litestar

from query.middleware import AuthMiddleware
from query.site import FOLDER
from tests.support.rows import insert, sample
from tests.support.service import NOW, application, bearer, serving, token

ROUTES = ("historical", "performance", "summary")
ALICE, BOB, PLATFORM = token("alice"), token("bob"), token("ops", "platform")
# Each path that reaches alice's data, or tries to, and what her own token gets for it.
SPELLINGS = {
    "/api/metrics/alice/{route}": 200,
    "/api/metrics/alice/{route}/": 200,
    "/api/metrics//alice/{route}": 200,
    "/api/metrics/alice//{route}": 200,
    "/api/metrics/alice%2f{route}": 200,
    "/api/metrics/%61lice/{route}": 200,
    "/api/metrics/alice/{route}?userId=bob": 400,
    "/api/metrics/alice/{route}?userId=bob&userId=alice": 400,
    "/api/metrics/alice./{route}": 403,
    "/api/metrics/ALICE/{route}": 403,
    "/api/metrics/alice%20/{route}": 403,
    "/api/metrics/alice%00/{route}": 403,
    "/api/metrics/alice%0a/{route}": 403,
    "/api/metrics/%2e%2e/{route}": 403,
    "/api/metrics/{{userId:str}}/{route}": 403,
    "/api/metrics/alice/{route}.": 404,
    "/api/metrics/alice/{route}%2f..": 404,
    "/api/metrics/bob%2falice/{route}": 404,
    "/api/metrics/alice%2f..%2fbob/{route}": 404,
    "/API/metrics/alice/{route}": 404,
}


@pytest.fixture
def app(database: str) -> Litestar:
    insert(database, [sample("alice/a", NOW.isoformat(), cpu=77, messages=77)])
    return application(database)


@pytest.mark.parametrize("route", ROUTES)
async def test_only_the_owner_and_the_platform_read(app: Litestar, route: str) -> None:
    async with serving(app) as client:
        for spelling, hers in SPELLINGS.items():
            path = spelling.format(route=route)
            own, others, platform, nobody = [
                await client.get(path, headers=headers)
                for headers in (bearer(ALICE), bearer(BOB), bearer(PLATFORM), {})
            ]
            assert own.status_code == hers, path
            assert others.status_code in {403, 404}, path
            assert nobody.status_code in {401, 404}, path
            assert platform.status_code in {hers, 200, 400}, path
            assert "77" not in others.text + nobody.text, path


@pytest.mark.parametrize("route", ROUTES)
async def test_ids_outside_the_contract_are_refused_by_name(app: Litestar, route: str) -> None:
    async with serving(app) as client:
        for user_id in ("b%20b", "%C3%A4", "a%0a", "a%00", "x" * 129, "a'--", "a%25"):
            answer = await client.get(f"/api/metrics/{user_id}/{route}", headers=bearer(PLATFORM))
            assert answer.status_code == 400
            assert answer.json()["error"].startswith("userId takes 1 to 128 of")


@pytest.mark.parametrize("route", ROUTES)
async def test_other_methods_are_refused(app: Litestar, route: str) -> None:
    async with serving(app) as client:
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await client.request(method, f"/api/metrics/alice/{route}")
            assert answer.status_code == 405
            assert "GET" in answer.headers["allow"]
            assert answer.json()["error"].startswith("This path takes GET")


async def test_every_route_is_guarded(app: Litestar) -> None:
    public = {"/", "/livez", "/readyz", "/metrics", "/docs", "/openapi.json", "/asyncapi.json"}
    parts = (file for file in FOLDER.rglob("*") if file.suffix in {".js", ".css", ".svg"})
    public |= {f"/{file.relative_to(FOLDER).as_posix()}" for file in parts}
    found = set()
    for route in app.routes:
        for handler in getattr(route, "route_handlers", []):
            before = [getattr(made, "func", made) for made in handler.resolve_middleware()]
            assert AuthMiddleware in before, route.path
            if handler.opt.get("public"):
                found.add(route.path)
    # Each of these files is also below a folder that is named for their content.
    assert {re.sub(r"^/static/[0-9a-f]{32}", "", path) for path in found} == public


async def test_public_routes_need_no_token(app: Litestar) -> None:
    async with serving(app) as client:
        for path in ("/livez", "/readyz", "/metrics", "/docs", "/docs.js", "/openapi.json"):
            assert (await client.get(path)).status_code == 200, path


async def test_own_metrics_name_no_user(app: Litestar) -> None:
    async with serving(app) as client:
        await client.get("/api/metrics/alice/performance", headers=bearer(ALICE))
        text = (await client.get("/metrics")).text
    assert 'path="/api/metrics/{userId}/performance"' in text
    assert "alice" not in text
