"""The page of the API: from this service alone, under a policy that holds it to that."""

import re

import pytest

from query.pages import FOLDER
from schemas.asyncapi import asyncapi
from tests.service import application, serving

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


@pytest.mark.parametrize("file", sorted(FOLDER.iterdir()), ids=lambda file: str(file.name))
def test_no_file_names_another_host(file: object) -> None:
    text = (FOLDER / str(file)).read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text.replace("// ", ""))


async def test_the_page_brings_its_policy() -> None:
    async with serving(application(NOWHERE)) as client:
        answers = {p: await client.get(p) for p in ("/docs", "/docs.js", "/docs.css")}
    kinds = [answer.headers["content-type"].partition(";")[0] for answer in answers.values()]
    assert kinds == ["text/html", "text/javascript", "text/css"]
    assert all(
        "script-src 'self';" in a.headers["content-security-policy"] for a in answers.values()
    )
    assert "<script>" not in answers["/docs"].text
    assert "style=" not in answers["/docs"].text


async def test_the_document_tells_the_endpoints() -> None:
    async with serving(application(NOWHERE)) as client:
        document = (await client.get("/openapi.json")).json()
    assert set(document["paths"]) == {
        "/api/metrics",
        "/api/metrics/{userId}/historical",
        "/api/metrics/{userId}/performance",
        "/api/metrics/{userId}/summary",
        "/livez",
        "/readyz",
    }
    history = document["paths"]["/api/metrics/{userId}/historical"]["get"]
    assert [parameter["name"] for parameter in history["parameters"]] == ["userId", "range"]
    assert history["parameters"][1]["schema"]["enum"] == ["24h", "7d", "30d"]
    assert list(map(int, history["responses"])) == [
        200,
        400,
        401,
        403,
        413,
        414,
        429,
        431,
        500,
        503,
    ]
    assert document["security"] == [{"token": []}]


async def test_the_topics_are_told_too() -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/asyncapi+json"
    assert answer.json() == asyncapi()
