"""How many bytes are on their way at once."""

import asyncio

from ingest.reading.budget import ByteBudget


async def test_what_does_not_fit_waits_for_room() -> None:
    budget = ByteBudget(100)
    await budget.take(60)
    second = asyncio.create_task(budget.take(60))
    await asyncio.sleep(0)
    assert not second.done()
    budget.release(60)
    await asyncio.wait_for(second, 1)


async def test_what_fits_does_not_wait() -> None:
    budget = ByteBudget(100)
    await asyncio.wait_for(budget.take(60), 1)
    await asyncio.wait_for(budget.take(40), 1)


async def test_one_is_let_through_whatever_its_size() -> None:
    budget = ByteBudget(100)
    await asyncio.wait_for(budget.take(1_000), 1)
    waiting = asyncio.create_task(budget.take(1))
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()
