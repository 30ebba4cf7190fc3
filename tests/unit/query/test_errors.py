"""Bodies of refusals and failures, through an application that does nothing else."""

import pytest
from litestar import Litestar, get
from litestar.exceptions import (
    ClientException,
    HTTPException,
    ImproperlyConfiguredException,
    TooManyRequestsException,
)
from litestar.params import FromQuery

from query.database import Overloaded
from query.errors import (
    check_parameters,
    failure,
    handle_error,
    handle_http_error,
    handle_overload,
)
from tests.support.service import serving

FAILURES: dict[str, tuple[Exception, int, str]] = {
    "a bug": (KeyError("password=hunter2"), 500, "Failed to fetch the weather"),
    "the framework's": (
        ImproperlyConfiguredException("inside"),
        500,
        "Failed to fetch the weather",
    ),
    "malformed": (ClientException("inside"), 400, "The request is malformed."),
    "another": (
        HTTPException("inside", status_code=418),
        418,
        "I'm a Teapot.",
    ),
    "too often": (
        TooManyRequestsException("inside"),
        429,
        "Too many requests of this token's user: wait as long as Retry-After says.",
    ),
    "too much": (Overloaded("inside"), 503, "Failed to fetch the weather"),
    "a bare one": (HTTPException("inside", status_code=404), 404, "This path does not exist."),
}


def application(raised: Exception | None = None) -> Litestar:
    @get("/weather", opt=failure("Failed to fetch the weather"))
    async def weather(days: FromQuery[int] = 1) -> int:
        if raised is not None:
            raise raised
        return days

    return Litestar(
        [weather],
        before_request=check_parameters,
        exception_handlers={
            HTTPException: handle_http_error,
            Overloaded: handle_overload,
            Exception: handle_error,
        },
        openapi_config=None,
        logging_config=None,
    )


@pytest.mark.parametrize(("raised", "status", "sentence"), FAILURES.values(), ids=FAILURES.keys())
async def test_one_sentence_and_nothing_of_the_inside(
    raised: Exception, status: int, sentence: str
) -> None:
    async with serving(application(raised)) as client:
        answer = await client.get("/weather")
    assert (answer.status_code, answer.json()) == (status, {"error": sentence})


async def test_unknown_path() -> None:
    async with serving(application()) as client:
        answer = await client.get("/wether")
    assert (answer.status_code, answer.json()) == (404, {"error": "This path does not exist."})


async def test_unknown_method() -> None:
    async with serving(application()) as client:
        answer = await client.post("/weather")
    assert answer.status_code == 405
    assert answer.json() == {"error": "This path takes GET, HEAD, OPTIONS only."}


async def test_a_parameter_given_twice() -> None:
    async with serving(application()) as client:
        answer = await client.get("/weather?days=1&days=1")
    assert (answer.status_code, answer.json()) == (
        400,
        {"error": "Each parameter may be given once."},
    )


# the query, and the sentence that names what is wrong with it
WRONG_QUERIES = [
    ("day=3", "day is unknown: the query parameters of this path: days."),
    ("days=1&Days=2", "Days is unknown: the query parameters of this path: days."),
    ("%3Cscript%3E=1", "A parameter is unknown: the query parameters of this path: days."),
    (
        "%3Cscript%3E=1&%3Cscript%3E=2",
        "A parameter is unknown: the query parameters of this path: days.",
    ),
    ("=1", "A parameter is unknown: the query parameters of this path: days."),
]


@pytest.mark.parametrize(("query", "sentence"), WRONG_QUERIES)
async def test_a_query_that_is_wrong(query: str, sentence: str) -> None:
    async with serving(application()) as client:
        answer = await client.get(f"/weather?{query}")
    assert (answer.status_code, answer.json()) == (400, {"error": sentence})
