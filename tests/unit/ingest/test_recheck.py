"""What was read is proven to be of the claimed logs before it is stored."""

from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import LeaderNotAvailableError

from ingest.identity import LogChangedError, LogIdentity, LogSilentError
from ingest.recheck import prove
from tests.unit.ingest.doubles import PARTITION
from tests.unit.ingest.records import identity


class Leaders:
    """Stands for the fetcher: the leaders' answer, or none."""

    def __init__(self, answer: LogIdentity | None) -> None:
        self._answer = answer

    async def all_identities(
        self, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, LogIdentity]:
        if self._answer is None:
            raise LeaderNotAvailableError
        return dict.fromkeys(partitions, self._answer)


async def proven(answer: LogIdentity | None) -> None:
    await prove(cast(Any, Leaders(answer)), [PARTITION], {PARTITION: identity()}, 0.1)


async def test_the_claimed_log() -> None:
    await proven(identity())


async def test_another_log() -> None:
    with pytest.raises(LogChangedError, match="claimed with topic id"):
        await proven(LogIdentity("elsewhere", identity().topic_id, 0))


async def test_a_leader_that_does_not_answer_is_waited_for_no_longer_than_told() -> None:
    with pytest.raises(LogSilentError, match=r"one of fleet.samples/0 has had no leader"):
        await proven(None)
