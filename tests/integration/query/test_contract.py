"""The pages for dashboards, the service's description and the real answers say the same."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
from jsonschema import Draft202012Validator

from sql.named import query
from tests.support.examples import examples
from tests.support.fleet import USER, happen
from tests.support.service import NOW, application, bearer, serving, token

PAGE = Path(__file__).parents[3] / "docs" / "dashboards" / "http.md"
ROW = re.compile(r"^\| `([^`]+)` \| (number|string|boolean|time|array) \| (.+) \|$", re.M)
ROUTE = re.compile(r"^`GET (/api/[^`?]*)", re.M)
CALL = re.compile(r'"\$URL(/api/[^"?]*)')
KINDS = {list: "array", int: "number", float: "number", bool: "boolean"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z")
AGENT = "a"
STORY = """
    sample a 14:34 messages=8 errors=1 ms=20.5 used=10 total=40; sample b 13:00 messages=1;
    failed b 13:01; removed c 12:00; deployment d 14:00 succeeded; beat 14:30 14:34
"""


class Endpoint(NamedTuple):
    """A section of the page: the path as the description has it, and its fields."""

    route: str
    fields: dict[str, tuple[str, str]]


def endpoints() -> Iterator[Endpoint]:
    """What the page states, section by section."""
    for section in PAGE.read_text(encoding="utf-8").split("\n## "):
        if route := ROUTE.search(section):
            fields = {name: (kind, meaning) for name, kind, meaning in ROW.findall(section)}
            yield Endpoint(route[1], fields)


def shown() -> Iterator[tuple[Endpoint, Any]]:
    """The answers that docs/api.md shows, beside their endpoints."""
    by_route = {endpoint.route: endpoint for endpoint in ENDPOINTS}
    for example in examples():
        call = CALL.search(example.command.text)
        if call and example.answer and example.answer.language == "json":
            route = re.sub(r"/metrics/[^/]+/", "/metrics/{userId}/", call[1])
            route = re.sub(r"/agents/[^/]+", "/agents/{agentId}", route)
            yield by_route[route], json.loads(example.answer.text)


ENDPOINTS = list(endpoints())
IDS = [endpoint.route for endpoint in ENDPOINTS]
SHOWN = list(shown())


def values(answer: Any, field: str) -> list[Any]:
    """All values of a field: `metrics[].cpu` has one a point, `metrics[]` is the array itself."""
    found = [answer]
    for name in field.split("."):
        found = [one[name.removesuffix("[]")] for one in found]
        if name.endswith("[]") and not field.endswith(name):
            found = [one for array in found for one in array]
    return found


def kind_of(value: Any) -> str:
    """What the page calls a value's type."""
    if isinstance(value, str):
        return "time" if TIME.fullmatch(value) else "string"
    return KINDS.get(type(value), "?")


def names(answer: Any, prefix: str = "") -> set[str]:
    """Every field of an answer, as the page writes them."""
    if isinstance(answer, dict):
        return {n for key, one in answer.items() for n in names(one, f"{prefix}.{key}")}
    if isinstance(answer, list):
        inner = {n for one in answer for n in names(one, f"{prefix}[]")}
        return {f"{prefix}[]".lstrip("."), *inner}
    return {prefix.lstrip(".")}


def described(document: Any, schema: Any, prefix: str = "") -> dict[str, str]:
    """The fields of a schema with what the description says of them."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if schema.get("type") == "array":
        inner = described(document, schema["items"], f"{prefix}[]")
        return {f"{prefix}[]": schema["description"], **inner}
    if "properties" not in schema:
        return {prefix: schema.get("description", "")}
    assert set(schema["required"]) == set(schema["properties"]), prefix
    return {
        name: meaning
        for key, one in schema["properties"].items()
        for name, meaning in described(document, one, f"{prefix}.{key}".lstrip(".")).items()
    }


def validator(document: Any, endpoint: Endpoint, status: int) -> Draft202012Validator:
    response = document["paths"][endpoint.route]["get"]["responses"][str(status)]
    schema = response["content"]["application/json"]["schema"]
    return Draft202012Validator(
        {**schema, "components": document["components"]},
        format_checker=Draft202012Validator.FORMAT_CHECKER,
    )


async def ask(client: httpx.AsyncClient, endpoint: Endpoint, **headers: str) -> httpx.Response:
    path = endpoint.route.replace("{userId}", USER).replace("{agentId}", AGENT)
    return await client.get(path, headers=headers or bearer(token("ops", "platform")))


@pytest.fixture
async def document() -> Any:
    async with serving(application("postgresql://nobody@127.0.0.1:1/nothing")) as client:
        return (await client.get("/openapi.json")).json()


def test_the_page_has_every_endpoint(document: Any) -> None:
    assert set(IDS) == {path for path in document["paths"] if path.startswith("/api/")}


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=IDS)
def test_page_and_description_agree(document: Any, endpoint: Endpoint) -> None:
    responses = document["paths"][endpoint.route]["get"]["responses"]
    schema = responses["200"]["content"]["application/json"]["schema"]
    meanings = {name: meaning for name, (_, meaning) in endpoint.fields.items()}
    assert described(document, schema) == meanings


def test_every_endpoint_is_shown() -> None:
    assert {endpoint.route for endpoint, _ in SHOWN} == set(IDS)


@pytest.mark.parametrize(("endpoint", "answer"), SHOWN)
def test_what_is_shown_is_an_answer_with_every_field(
    document: Any, endpoint: Endpoint, answer: Any
) -> None:
    validator(document, endpoint, 200).validate(answer)
    assert names(answer) == set(endpoint.fields)


async def test_answers_have_every_field_with_its_type(database: str, document: Any) -> None:
    store_everything(database)
    async with serving(application(database)) as client:
        for endpoint in ENDPOINTS:
            answer = (await ask(client, endpoint)).json()
            validator(document, endpoint, 200).validate(answer)
            assert names(answer) == set(endpoint.fields), endpoint.route
            for field, (kind, _) in endpoint.fields.items():
                assert {kind_of(value) for value in values(answer, field)} == {kind}, field


async def test_nothing_is_null_where_there_is_nothing(database: str, document: Any) -> None:
    async with serving(application(database)) as client:
        for endpoint in ENDPOINTS:
            response = await ask(client, endpoint)
            answer = response.json()
            validator(document, endpoint, response.status_code).validate(answer)
            if "{agentId}" in endpoint.route:
                assert response.status_code == 404
                continue
            expected = {name for name in endpoint.fields if "[]." not in name}
            assert names(answer) == expected, endpoint.route
            for field in expected:
                (value,) = values(answer, field)
                assert kind_of(value) == endpoint.fields[field][0], field


async def test_refusals_and_failures_are_as_described(empty_database: str, document: Any) -> None:
    async with serving(application(empty_database)) as client:
        for endpoint in ENDPOINTS:
            answers = [
                await ask(client, endpoint, authorization="Bearer nonsense"),
                await ask(client, endpoint, **bearer(token("mallory"))),
                await ask(client, endpoint),
            ]
            assert [answer.status_code for answer in answers] == [401, 403, 500]
            for answer in answers:
                validator(document, endpoint, answer.status_code).validate(answer.json())
            failure = document["paths"][endpoint.route]["get"]["responses"]["500"]["description"]
            assert answers[-1].json() == {"error": failure}


def store_everything(database: str) -> None:
    """Something for every field; money in two currencies."""
    with psycopg.connect(database) as connection:
        happen(connection, " ".join(STORY.split()))
        payments = {
            "user_id": [USER] * 3,
            "payment_id": ["1", "2", "3"],
            "ts": [NOW] * 3,
            "amount": [100, 200, 300],
            "currency": ["USD", "USD", "EUR"],
        }
        connection.execute(query("store_payment"), payments)
