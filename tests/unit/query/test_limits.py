"""What every request passes and every answer carries, also where no route is."""

from typing import Any

import pytest
from prometheus_client import REGISTRY

from query.limits import MAX_HEADER_BYTES, MAX_HEADERS, MAX_TARGET_BYTES
from tests.support.service import application, bearer, serving, token

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
PATH = "/api/metrics/alice/performance"


# one of each kind of answer: the path, the headers, the status
ANSWERS = [
    ("/livez", {}, 200),
    ("/docs", {}, 200),
    ("/metrics", {}, 200),
    (f"{PATH}?range=1&range=2", bearer(token("alice")), 400),
    (PATH, {}, 401),
    (PATH, bearer(token("bob")), 403),
    ("/nothing", {}, 404),
    ("/livez", {"Content-Length": "1"}, 413),
    (f"/{'x' * MAX_TARGET_BYTES}", {}, 414),
    ("/livez", {"X": "x" * MAX_HEADER_BYTES}, 431),
    ("/livez?deep=1", {}, 400),
]


@pytest.mark.parametrize(("path", "headers", "status"), ANSWERS)
async def test_every_answer_has_the_headers(
    path: str, headers: dict[str, str], status: int
) -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get(path, headers=headers)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["cache-control"] == ("no-cache" if path == "/docs" else "no-store")
    (policy,) = answer.headers.get_list("content-security-policy")
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert ("script-src" in policy) is (path == "/docs")
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in answer.headers


async def test_no_browser_lets_a_page_of_an_origin_ask_that_is_not_named() -> None:
    asked = {"Origin": "https://dash.example.org", "Access-Control-Request-Method": "GET"}
    async with serving(application(NOWHERE)) as client:
        answer = await client.options(PATH, headers=asked)
    assert answer.status_code == 401
    assert "access-control-allow-origin" not in answer.headers


# one of each kind of path, its status by GET with a user's token, and by OPTIONS without a token
PATHS = [
    ("/livez", 200, 204),
    ("/readyz", 503, 204),
    ("/openapi.json", 200, 204),
    ("/", 200, 204),
    ("/?from=a-link", 200, 204),
    ("/nothing", 404, 404),
    (PATH, 500, 401),
    ("/api/metrics/bob/summary", 403, 401),
]


@pytest.mark.parametrize(("path", "status", "options"), PATHS)
async def test_methods(path: str, status: int, options: int) -> None:
    async with serving(application(NOWHERE)) as client:
        headers = bearer(token("alice"))
        got = await client.get(path, headers=headers)
        head = await client.head(path, headers=headers)
        asked = await client.options(path)
        posted = await client.post(path, headers=headers)
    assert (got.status_code, head.status_code, asked.status_code) == (status, status, options)
    assert head.content == b""
    assert head.headers == got.headers
    if options == 204:
        assert asked.headers["allow"] == "GET, HEAD, OPTIONS"
    if status != 404:
        assert posted.status_code == 405
        assert posted.headers["allow"] == "GET, HEAD, OPTIONS"
        assert posted.json() == {"error": "This path takes GET, HEAD, OPTIONS only."}


# the version, the values of Host, and the status; RFC 9112, section 3.2
HOSTS = [
    ("1.1", ["fleetgauge"], 200),
    ("1.1", ["fleetgauge", "fleetgauge"], 400),
    ("1.1", ["fleetgauge", "elsewhere"], 400),
    ("1.1", [], 400),
    ("1.1", [""], 400),
    ("1.0", [], 200),
    ("1.1", ["", "fleetgauge"], 400),
    ("1.0", ["fleetgauge", "elsewhere"], 400),
]


@pytest.mark.parametrize(("version", "hosts", "status"), HOSTS)
async def test_a_request_names_one_host(version: str, hosts: list[str], status: int) -> None:
    scope = {
        "type": "http",
        "http_version": version,
        "method": "GET",
        "path": "/livez",
        "raw_path": b"/livez",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", host.encode()) for host in hosts],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
    }
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    app: Any = application(NOWHERE)
    await app(scope, None, send)
    assert sent[0]["status"] == status


async def test_a_content_type_has_one_charset() -> None:
    async with serving(application(NOWHERE)) as client:
        for path in ("/metrics", "/", "/docs.css", "/livez"):
            content_type = (await client.get(path)).headers["content-type"]
            assert content_type.count("charset") == (path != "/livez"), content_type


# what is asked, and the status where it is one byte or line too much
BOUNDS = [
    ({"url": "/" + "x" * (MAX_TARGET_BYTES - 1)}, {"url": "/" + "x" * MAX_TARGET_BYTES}, 414),
    ({"url": "/x?" + "x" * (MAX_TARGET_BYTES - 2)}, {"url": "/x?" + "x" * MAX_TARGET_BYTES}, 414),
    (
        {"url": "/x", "headers": {f"x-{number}": "" for number in range(MAX_HEADERS - 6)}},
        {"url": "/x", "headers": {f"x-{number}": "" for number in range(MAX_HEADERS)}},
        431,
    ),
    (
        {"url": "/x", "headers": {"x": "x" * (MAX_HEADER_BYTES - 200)}},
        {"url": "/x", "headers": {"x": "x" * MAX_HEADER_BYTES}},
        431,
    ),
    (
        {"url": "/x", "headers": {"Content-Length": "0"}},
        {"url": "/x", "headers": {"Content-Length": "00"}},
        413,
    ),
    ({"url": "/x"}, {"url": "/x", "headers": {"Transfer-Encoding": "chunked"}}, 413),
]


@pytest.mark.parametrize(("just_fits", "too_large", "status"), BOUNDS)
async def test_what_is_too_large_is_refused(
    just_fits: dict[str, Any], too_large: dict[str, Any], status: int
) -> None:
    async with serving(application(NOWHERE)) as client:
        assert (await client.get(**just_fits)).status_code == 404
        refused = await client.get(**too_large)
    assert refused.status_code == status
    assert list(refused.json()) == ["error"]


async def test_an_answer_is_counted_by_its_template() -> None:
    def counted(method: str, path: str, status: str) -> float:
        labels = {"method": method, "path": path, "status_code": status}
        return REGISTRY.get_sample_value("fleetgauge_http_requests_total", labels) or 0

    template = "/api/metrics/{userId}/performance"
    before = counted("GET", template, "401"), counted("other", "other", "404")
    async with serving(application(NOWHERE)) as client:
        for user in ("alice", "bob"):
            await client.get(f"/api/metrics/{user}/performance")
        for method in ("BREW", "WHEN"):
            await client.request(method, "/nothing")
    after = counted("GET", template, "401"), counted("other", "other", "404")
    assert (after[0] - before[0], after[1] - before[1]) == (2, 2)
    assert REGISTRY.get_sample_value("fleetgauge_http_requests_in_progress") == 0
