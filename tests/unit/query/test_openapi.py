"""The description of the service is one that clients can be generated from."""

from typing import Any
from urllib.parse import urljoin

import pytest

from tests.support.service import application, serving

ERROR = {"$ref": "#/components/schemas/Error"}
OPERATIONS = {
    "/api/metrics": "getPlatform",
    "/api/metrics/agents": "getFleetAgents",
    "/api/metrics/timeline": "getFleetTimeline",
    "/api/metrics/historical": "getPlatformHistorical",
    "/api/metrics/{userId}/agents/{agentId}/historical": "getAgentHistorical",
    "/api/metrics/users": "getUsers",
    "/api/metrics/{userId}/agents": "getAgents",
    "/api/metrics/{userId}/agents/{agentId}": "getAgent",
    "/api/metrics/{userId}/historical": "getHistorical",
    "/api/metrics/{userId}/performance": "getPerformance",
    "/api/metrics/{userId}/summary": "getSummary",
    "/api/metrics/{userId}/timeline": "getTimeline",
    "/livez": "getLiveness",
    "/readyz": "getReadiness",
}
GUARDED = [path for path in OPERATIONS if path.startswith("/api/")]


@pytest.fixture
async def paths() -> Any:
    async with serving(application("postgresql://nobody@127.0.0.1:1/nothing")) as client:
        return (await client.get("/openapi.json")).json()["paths"]


def test_operations_have_names_that_stay(paths: Any) -> None:
    assert {path: item["get"]["operationId"] for path, item in paths.items()} == OPERATIONS


async def test_the_server_is_where_the_document_is() -> None:
    async with serving(application("postgresql://nobody@127.0.0.1:1/nothing")) as client:
        document = (await client.get("/openapi.json")).json()
    (server,) = document["servers"]
    # As RFC 3986 resolves it for a service behind a prefix, and for one without.
    found = urljoin("https://proxy.example/fleet/openapi.json", server["url"])
    assert found == "https://proxy.example/fleet/"
    assert urljoin("http://127.0.0.1:8080/openapi.json", server["url"]) == "http://127.0.0.1:8080/"


@pytest.mark.parametrize("path", GUARDED)
def test_every_refusal_and_failure_is_typed(paths: Any, path: str) -> None:
    responses = paths[path]["get"]["responses"]
    bodies = {
        status: one["content"]["application/json"]["schema"] for status, one in responses.items()
    }
    assert [status for status, body in bodies.items() if body != ERROR] == ["200"]


@pytest.mark.parametrize("path", GUARDED)
def test_retry_after_is_documented(paths: Any, path: str) -> None:
    responses = paths[path]["get"]["responses"]
    with_retry_after = {
        status for status, one in responses.items() if "Retry-After" in one.get("headers", {})
    }
    assert with_retry_after == {"429", "503"}
    assert responses["429"]["headers"]["Retry-After"]["schema"] == {"type": "integer", "minimum": 1}


def test_a_parameter_that_may_be_absent_is_never_null(paths: Any) -> None:
    for path in GUARDED:
        for parameter in paths[path]["get"].get("parameters", []):
            schema = parameter["schema"]
            assert isinstance(schema["type"], str), (path, parameter["name"])
            assert None not in schema.get("enum", []), (path, parameter["name"])


def test_unlimited_paths_document_no_retry_after(paths: Any) -> None:
    assert "headers" not in paths["/readyz"]["get"]["responses"]["503"]
