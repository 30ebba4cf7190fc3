"""Runs functions in a thread, so that the event loop is free."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from polars.exceptions import PanicException

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def in_thread(
    function: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """As asyncio.to_thread, but raises a polars panic, which is not an Exception, as RuntimeError:
    like any bug it concerns one message and must not end the process."""
    try:
        return await asyncio.to_thread(function, *args, **kwargs)
    except PanicException as panic:
        raise RuntimeError("polars panicked") from panic
