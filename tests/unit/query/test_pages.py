"""The page of the API: from this service alone, under a policy that holds it to that."""

import re

import pytest

from query.monitoring import is_loopback
from query.pages import FOLDER
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
    assert set(history["responses"]) == {"200", "400", "401", "403", "500"}
    assert document["security"] == [{"token": []}]


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("10.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nobody listens there
        ("localhost", False),
        ("", False),
    ],
)
def test_loopback(host: str, own: bool) -> None:
    assert is_loopback(host) is own
