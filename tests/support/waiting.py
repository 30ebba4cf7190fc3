"""Polling with a deadline instead of a sleep."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

Result = TypeVar("Result")
PERIOD_S = 0.05


async def until(probe: Callable[[], Awaitable[Result]], what: str, deadline_s: float) -> Result:
    """The first truthy result of `probe`; AssertionError with `what` and the last result."""
    ends = time.monotonic() + deadline_s
    while True:
        answer = await probe()
        if answer:
            return answer
        if time.monotonic() > ends:
            raise AssertionError(f"{what} did not come within {deadline_s} s; last: {answer!r}")
        await asyncio.sleep(PERIOD_S)
