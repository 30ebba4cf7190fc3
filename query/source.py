"""What an endpoint answers from."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, TypeVarTuple

from litestar import Response

from query.cache import Answers
from query.clock import Clock
from query.database import Database

Answer = TypeVar("Answer")
Parameters = TypeVarTuple("Parameters")


@dataclass(frozen=True)
class Source:
    """The database, the answers that are kept of it, and the time."""

    database: Database
    answers: Answers
    clock: Clock

    async def answer(
        self,
        read: "Callable[[Source, *Parameters], Awaitable[Answer]]",
        *parameters: *Parameters,
    ) -> Response[Answer]:
        """What `read` returns for these parameters, which are all that an answer depends on."""
        return await self.answers.answer(
            (read.__module__, *parameters), partial(read, self, *parameters)
        )
