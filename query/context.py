"""The dependencies of an endpoint."""

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
    """The database, the response cache and the clock."""

    database: QueryPool
    answers: ResponseCache
    clock: Clock

    async def answer(
        self,
        endpoint: str,
        read: "Callable[[QueryContext, *Parameters], Awaitable[Answer]]",
        *parameters: *Parameters,
    ) -> Response[Answer]:
        """The cached or computed result of `read`.

        Endpoint and parameters are the cache key, so an answer may depend on nothing else.
        """
        return await self.answers.answer((endpoint, *parameters), partial(read, self, *parameters))
