"""Every command of docs/api.md does what the page says, and the page has all there is to show."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest

from tests.acceptance.api.reader import Reader, reading
from tests.acceptance.api.site import Site
from tests.support.examples import PAGE, Example, examples, parse_response
from tests.support.markdown import Block, blocks

EXAMPLES = [example for example in examples() if example.is_run]
ANSWERED = [(example, example.answer) for example in EXAMPLES if example.answer]
# Commands may be many and the machine busy: the first test waits for all of them.
pytestmark = pytest.mark.timeout(600)
# All that the contract names.
ERRORS = {400, 401, 403, 404, 405, 413, 414, 429, 431, 500, 503}
COMPILE = "node_modules/.bin/tsc --strict --skipLibCheck --module nodenext --noEmit wrong*.mts"
WRONG = {
    "a field": ("reason", "reasons", "Property 'reasons' does not exist"),
    "a state": ('"failed"', '"fail"', "Type '\"fail\"' is not assignable"),
    "a path": ("/agents", "/agent", "is not assignable to parameter"),
    "an error's field": ("error.error", "error.message", "Property 'message' does not exist"),
}


@pytest.fixture(scope="module")
def reader(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """One for all commands."""
    with reading(site, tmp_path_factory.mktemp("reader")) as found:
        yield found


@pytest.mark.parametrize("example", EXAMPLES, ids=str)
def test_a_command_ends_as_the_page_says(reader: Reader, example: Example) -> None:
    reader.outcome(example)


@pytest.mark.parametrize(("example", "answer"), ANSWERED, ids=str)
def test_an_answer_is_the_one_that_is_shown(
    reader: Reader, example: Example, answer: Block
) -> None:
    done = reader.outcome(example)
    match answer.language:
        case "json":
            # The status, which curl prints beside the answer.
            assert done.complained.split()[-1] == "200"
            assert json.loads(done.printed) == json.loads(answer.text)
        case "http":
            assert_response(done.printed, answer.text)
        case _:
            assert done.printed == answer.text


def assert_response(printed: str, shown: str) -> None:
    """The same status and body, and every header that is shown."""
    answer, expected = parse_response(printed), parse_response(shown)
    assert (answer.status, answer.body) == (expected.status, expected.body)
    assert {name: answer.headers.get(name) for name in expected.headers} == expected.headers


def test_every_error_is_shown() -> None:
    shown = [parse_response(answer.text) for _, answer in ANSWERED if answer.language == "http"]
    assert {answer.status for answer in shown if answer.body and "error" in answer.body} == ERRORS


def test_every_endpoint_is_called(site: Site) -> None:
    document = httpx.get(f"{site.address}/openapi.json").json()
    history = document["paths"]["/api/metrics/{userId}/historical"]["get"]
    (ranges,) = [one["schema"]["enum"] for one in history["parameters"] if one["name"] == "range"]
    asked = [re.findall(r'"\$URL([^"]*)"', one.command.text) for one, _ in ANSWERED]
    called = {
        re.sub(r"/metrics/(\$WHO|u)/", "/metrics/{userId}/", path)
        for paths in asked
        for path in paths
    }
    paths = {re.sub(r"/metrics/[^/]+/", "/metrics/{userId}/", path) for path in called}
    routes = {re.sub(r"/agents/[^/?]+", "/agents/{agentId}", path.split("?")[0]) for path in paths}
    assert {*document["paths"], "/openapi.json", "/asyncapi.json"} <= routes
    assert {f"/api/metrics/{{userId}}/historical?range={one}" for one in ranges} <= called


def test_what_the_service_does_not_have_does_not_compile(reader: Reader) -> None:
    reader.outcome(EXAMPLES[-1])
    (program,) = blocks(PAGE, "ts")
    for number, (right, wrong, _) in enumerate(WRONG.values()):
        assert right in program.text
        reader.write(f"wrong{number}.mts", program.text.replace(right, wrong, 1))
    lines = reader.run(COMPILE, status=2).printed.splitlines()
    for number, (_, _, complaint) in enumerate(WRONG.values()):
        own = [line for line in lines if line.startswith(f"wrong{number}.")]
        assert any(complaint in line for line in own), lines
