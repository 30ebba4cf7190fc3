"""What an endpoint answers from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, TypeVarTuple

from litestar import Response

from query.cache import ResponseCache
from query.clock import Clock
from query.database import QueryPool

Answer = TypeVar("Answer")
Parameters = TypeVarTuple("Parameters")


@dataclass(frozen=True)
class QueryContext:
    """The database, the answers that are kept of it, and the time."""

    database: QueryPool
    answers: ResponseCache
    clock: Clock

    async def answer(
        self,
        endpoint: str,
        read: "Callable[[QueryContext, *Parameters], Awaitable[Answer]]",
        *parameters: *Parameters,
    ) -> Response[Answer]:
        """What `read` returns for these parameters, which are all that an answer depends on.

        Endpoint and parameters are the key of the response cache.
        """
        return await self.answers.answer((endpoint, *parameters), partial(read, self, *parameters))
