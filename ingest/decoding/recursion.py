"""Decodes deeply nested input at one depth of the stack, so that its verdict is always the same.

Up to Python 3.11 the decoders' limit on nesting counts the frames of their callers too: a message
at the limit would pass in one place and fail in another.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Final, TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")

# A thread's stack is as shallow as any caller's, and always of the same depth.
_SHALLOW: Final = ThreadPoolExecutor(1, thread_name_prefix="decode-nested")


def with_stable_recursion_limit(decode: Callable[[Input], Output]) -> Callable[[Input], Output]:
    """`decode`, whose RecursionError does not depend on who calls it."""

    @wraps(decode)
    def decode_anywhere(value: Input) -> Output:
        try:
            return decode(value)
        except RecursionError:
            return _SHALLOW.submit(decode, value).result()

    return decode_anywhere
