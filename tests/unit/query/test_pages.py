"""The pages: from this service alone, under a policy that holds them to that."""

import re
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from query.site import FOLDER, KINDS
from schemas.asyncapi import asyncapi
from tests.support.service import application, serving

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"


FILES = sorted(path for path in FOLDER.rglob("*") if path.suffix in KINDS)
OWN = [path for path in FILES if "vendor" not in path.parts]
# A name, not an address: nothing is asked there.
SVG = "http://www.w3.org/2000/svg"


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(FOLDER)))
def test_no_file_names_another_host(file: Path) -> None:
    text = file.read_text(encoding="utf-8").replace(SVG, "")
    assert not re.search(r"https?:|//[a-z]|@import|url\(", text.replace("// ", ""))


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html"),
        ("/docs", "text/html"),
        ("/docs.js", "text/javascript"),
        ("/docs.css", "text/css"),
        ("/dashboard/main.js", "text/javascript"),
        ("/dashboard/icon.svg", "image/svg+xml"),
        ("/vendor/uplot/uPlot.esm.js", "text/javascript"),
        ("/openapi.json", "application/vnd.oai.openapi+json"),
    ],
)
async def test_a_page_brings_its_policy_and_is_sent_once(path: str, kind: str) -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get(path)
        tag = {"If-None-Match": f'"other", W/{answer.headers["etag"]}'}
        again = await client.get(path, headers=tag)
        changed = await client.get(path, headers={"If-None-Match": '"other"'})
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert "script-src 'self';" in answer.headers["content-security-policy"]
    assert answer.headers.get_list("cache-control") == ["no-cache"]
    assert (again.status_code, again.content) == (304, b"")
    assert (changed.status_code, changed.content) == (200, answer.content)


async def load(client: httpx.AsyncClient, page: str) -> list[httpx.Response]:
    """A page and all that it loads, module by module, as a browser behind a prefix asks for it."""
    loaded, queue = [], [urljoin("http://proxy.example/fleet/", page)]
    for url in queue:
        answer = await client.get(
            url.removeprefix("http://proxy.example/fleet"), follow_redirects=False
        )
        loaded.append(answer)
        if answer.is_redirect:
            queue.append(urljoin(url, answer.headers["location"]))
        named = re.findall(r'(?:(?:href|src)="|from ")([^"#]+\.[a-z]+)"', answer.text)
        queue += [one for name in named if (one := urljoin(url, name)) not in queue]
    return loaded


@pytest.mark.parametrize("page", ["", "docs", "docs/"])
async def test_a_page_loads_all_it_names_behind_a_prefix(page: str) -> None:
    async with serving(application(NOWHERE)) as client:
        loaded = await load(client, page)
    assert {answer.status_code for answer in loaded} <= {200, 308}
    assets = [one for one in loaded if one.request.url.path.startswith("/static/")]
    assert len(assets) >= 2
    for one in assets:
        assert one.headers["cache-control"] == "public, max-age=31536000, immutable"
    if page == "":
        scripts = [one for one in assets if one.request.url.path.endswith(".js")]
        assert len(scripts) == len([path for path in FILES if path.suffix == ".js"]) - 1


async def test_a_page_is_compressed_for_whoever_accepts_it() -> None:
    async with serving(application(NOWHERE)) as client:
        loaded = await load(client, "")
    sent = sum(int(answer.headers["content-length"]) for answer in loaded)
    whole = sum(len(answer.content) for answer in loaded)
    assert {answer.headers["content-encoding"] for answer in loaded} == {"gzip"}
    assert {answer.headers["vary"] for answer in loaded} == {"accept-encoding"}
    assert sent < 0.4 * whole


# the header Accept-Encoding, and whether the answer is compressed; RFC 9110, section 12.5.3
ACCEPTED = [
    ("gzip", True),
    ("br, GZIP;q=0.5, *;q=0.1", True),
    ("x-gzip", True),
    ("gzip;q=0", False),
    ("gzip; q=0.000, br", False),
    ("identity", False),
    ("br", False),
    ("", False),
]


@pytest.mark.parametrize(("accepted", "is_compressed"), ACCEPTED)
async def test_gzip_is_negotiated(accepted: str, is_compressed: bool) -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get("/", headers={"Accept-Encoding": accepted})
        other = await client.get("/", headers={"Accept-Encoding": "identity"})
        etag = {"Accept-Encoding": accepted, "If-None-Match": answer.headers["etag"]}
        again = await client.get("/", headers=etag)
    assert ("content-encoding" in answer.headers) is is_compressed
    assert (answer.headers["etag"] != other.headers["etag"]) is is_compressed
    assert answer.content == other.content
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["index.html", "docs.html"])
def test_nothing_in_a_page_breaks_its_policy(name: str) -> None:
    page = (FOLDER / name).read_text(encoding="utf-8")
    assert not re.search(r"<script>|<style|style=|\son[a-z]+=|javascript:", page)


@pytest.mark.parametrize("file", OWN, ids=lambda file: str(file.relative_to(FOLDER)))
def test_every_file_that_is_named_is_there(file: Path) -> None:
    named = re.findall(r'(?:(?:href|src)="|from ")([^"#]+\.[a-z]+)"', file.read_text("utf-8"))
    made = {"openapi.json"}
    missing = [name for name in {*named} - made if not (file.parent / name).is_file()]
    assert missing == []


async def test_the_document_describes_an_endpoint() -> None:
    async with serving(application(NOWHERE)) as client:
        document = (await client.get("/openapi.json")).json()
    history = document["paths"]["/api/metrics/{userId}/historical"]["get"]
    names = [parameter["name"] for parameter in history["parameters"]]
    assert names == ["userId", "range", "from", "to", "step", "tz"]
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


async def test_the_topics_are_documented_too() -> None:
    async with serving(application(NOWHERE)) as client:
        answer = await client.get("/asyncapi.json")
    assert answer.headers["content-type"] == "application/asyncapi+json"
    assert answer.json() == asyncapi()
