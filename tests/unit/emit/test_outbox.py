"""The outbox is bounded, ordered and forgets only what was delivered."""

import asyncio

from emit.outbox import Outbox


def filled(capacity: int, messages: int) -> Outbox:
    outbox = Outbox(capacity)
    for n in range(1, messages + 1):
        outbox.put(b"agent", str(n).encode())
    return outbox


async def values(outbox: Outbox, limit: int = 100) -> list[int]:
    return [int(message.value) for message in await outbox.oldest(limit)]


async def test_the_oldest_come_first() -> None:
    assert await values(filled(10, 5), limit=3) == [1, 2, 3]


async def test_messages_stay_until_they_are_delivered() -> None:
    outbox = filled(10, 3)
    assert await values(outbox) == await values(outbox) == [1, 2, 3]
    outbox.delivered(2)
    assert await values(outbox) == [3]


async def test_a_full_outbox_drops_the_oldest_and_counts() -> None:
    outbox = filled(3, 5)
    assert (await values(outbox), outbox.dropped, len(outbox)) == ([3, 4, 5], 2, 3)


async def test_what_was_dropped_in_flight_takes_no_other_along() -> None:
    outbox = filled(2, 2)
    flight = await outbox.oldest(1)
    outbox.put(b"agent", b"3")
    outbox.delivered(flight[-1].number)
    assert await values(outbox) == [2, 3]


async def test_an_empty_outbox_is_awaited() -> None:
    outbox = Outbox(2)
    awaited = asyncio.ensure_future(outbox.oldest(1))
    await asyncio.sleep(0)
    assert not awaited.done()
    outbox.put(b"agent", b"1")
    assert len(await awaited) == 1


async def test_emptied_returns_when_all_is_delivered() -> None:
    outbox = filled(2, 2)
    emptied = asyncio.ensure_future(outbox.emptied())
    await asyncio.sleep(0)
    assert not emptied.done()
    outbox.delivered(2)
    await emptied
