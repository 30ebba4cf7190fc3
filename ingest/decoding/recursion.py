"""Makes the recursion limit of decoders independent of the caller's stack depth.

Up to Python 3.11 the limit on nesting includes the callers' frames: a message at the limit would
pass in one place and fail in another.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import Final, TypeVar

Input = TypeVar("Input")
Output = TypeVar("Output")

# A worker thread's stack always has the same small depth.
_SHALLOW: Final = ThreadPoolExecutor(1, thread_name_prefix="decode-nested")


def with_stable_recursion_limit(decode: Callable[[Input], Output]) -> Callable[[Input], Output]:
    """`decode`, with a RecursionError that does not depend on the caller."""

    @wraps(decode)
    def decode_stably(value: Input) -> Output:
        try:
            return decode(value)
        except RecursionError:
            return _SHALLOW.submit(decode, value).result()

    return decode_stably
