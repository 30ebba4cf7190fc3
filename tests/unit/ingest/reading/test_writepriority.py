"""When there is time to read, and to free what was written."""

import weakref

from ingest.batch import Decoded
from ingest.reading.writepriority import WritePriority


class Used(Decoded):
    """One whose end can be seen."""


def defer_free(priority: WritePriority) -> weakref.ref[Used]:
    used = Used()
    priority.defer_free(used)
    return weakref.ref(used)


async def test_while_a_batch_is_written_there_is_time_only_when_the_database_works() -> None:
    priority = WritePriority()
    assert priority.is_set()
    priority.take()
    assert not priority.is_set()
    with priority.yielded():
        assert priority.is_set()
    assert not priority.is_set()
    priority.release()
    assert priority.is_set()


async def test_a_write_that_was_given_up_ends_without_stopping_readers() -> None:
    priority = WritePriority()
    priority.take()
    with priority.yielded():
        priority.release()
    assert priority.is_set()


async def test_what_is_used_is_freed_when_the_database_is_at_work() -> None:
    priority = WritePriority()
    used = defer_free(priority)
    assert used() is not None
    with priority.yielded():
        assert used() is None


async def test_no_more_than_one_is_kept() -> None:
    priority = WritePriority()
    first, second = defer_free(priority), defer_free(priority)
    assert first() is None
    assert second() is not None
