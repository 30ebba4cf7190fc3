"""ResponseCache kept for a moment, and the one flight that many wait for."""

import asyncio
import gc
from typing import Any

import pytest

from query.cache import MAX_ENTRIES, ResponseCache

KEPT_MS = 2_000


class Source:
    """ResponseCache with how often it was asked, once it may; an error where one is set."""

    def __init__(self) -> None:
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.error: Exception | None = None

    async def __call__(self) -> dict[str, int]:
        self.asked += 1
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return {"asked": self.asked}


class Clock:
    """Seconds that the test advances."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Source:
    return Source()


def ask(answers: ResponseCache, source: Source, *key: Any) -> asyncio.Task[Any]:
    return asyncio.create_task(answers.answer(key or ("performance", "alice"), source))


async def seen(task: asyncio.Task[Any]) -> bytes:
    response = await task
    return bytes(response.content)


async def test_a_hundred_at_once_are_one_flight(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    asking = [ask(answers, source) for _ in range(100)]
    await asyncio.sleep(0)
    source.may_answer.set()
    assert {await seen(task) for task in asking} == {b'{"asked":1}'}
    assert source.asked == 1


async def test_each_user_endpoint_and_parameter_has_its_own(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    source.may_answer.set()
    keys = [("h", "alice", "24h"), ("h", "alice", "7d"), ("h", "bob", "24h"), ("p", "alice")]
    for key in keys * 2:
        await ask(answers, source, *key)
    assert source.asked == len(keys)


async def test_an_answer_is_kept_until_its_time(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    source.may_answer.set()
    bodies = []
    for passed in (0.0, 1.999, 0.001, 1.999, 0.001):
        clock.now += passed
        bodies.append(await seen(ask(answers, source)))
    assert bodies == [b'{"asked":%d}' % n for n in (1, 1, 2, 2, 3)]


async def test_age_counts_from_the_question(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    slow = ask(answers, source)
    await asyncio.sleep(0)
    clock.now += 2
    source.may_answer.set()
    assert await seen(slow) == b'{"asked":1}'
    assert await seen(ask(answers, source)) == b'{"asked":2}'


async def test_a_failure_is_everybodys_and_not_kept(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    source.error = OSError("the database is away")
    asking = [ask(answers, source) for _ in range(10)]
    await asyncio.sleep(0)
    source.may_answer.set()
    failures = await asyncio.gather(*asking, return_exceptions=True)
    assert failures == [source.error] * 10
    assert source.asked == 1
    source.error = None
    assert await seen(ask(answers, source)) == b'{"asked":2}'


async def test_who_goes_away_takes_nobodys_answer(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    first, second = ask(answers, source), ask(answers, source)
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    source.may_answer.set()
    assert await seen(second) == b'{"asked":1}'
    assert first.cancelled()


async def test_a_flight_without_anybody_is_kept_or_forgotten(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    heard: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: heard.append(context))
    alone = ask(answers, source)
    await asyncio.sleep(0)
    alone.cancel()
    await asyncio.sleep(0)
    source.error = OSError("nobody hears this")
    source.may_answer.set()
    await asyncio.sleep(0)
    await answers.close()
    gc.collect()
    assert source.asked == 1
    assert heard == []


async def test_closing_ends_flights(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    asking = ask(answers, source)
    await asyncio.sleep(0)
    await answers.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_nothing_is_kept_or_shared_where_it_is_off(source: Source, clock: Clock) -> None:
    answers = ResponseCache(0, clock)
    asking = [ask(answers, source) for _ in range(3)]
    source.may_answer.set()
    await asyncio.gather(*asking)
    assert source.asked == 3


async def test_the_oldest_goes_where_there_are_too_many(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    source.may_answer.set()
    for number in range(MAX_ENTRIES + 1):
        await ask(answers, source, "performance", number)
    await ask(answers, source, "performance", MAX_ENTRIES)
    assert source.asked == MAX_ENTRIES + 1
    await ask(answers, source, "performance", 0)
    assert source.asked == MAX_ENTRIES + 2


async def test_a_recomputed_answer_is_no_old_one(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    source.may_answer.set()
    await ask(answers, source, "performance", 0)
    await ask(answers, source, "performance", 1)
    clock.now += 2
    await ask(answers, source, "performance", 0)
    for number in range(2, MAX_ENTRIES + 1):
        await ask(answers, source, "performance", number)
    asked = source.asked
    await ask(answers, source, "performance", 0)
    assert source.asked == asked


async def test_a_kept_answer_is_put_together_once(source: Source, clock: Clock) -> None:
    answers = ResponseCache(KEPT_MS, clock)
    source.may_answer.set()
    first, second = [await ask(answers, source) for _ in range(2)]
    assert first.to_asgi_response() is second.to_asgi_response()
    assert first.to_asgi_response().body == b'{"asked":1}'
