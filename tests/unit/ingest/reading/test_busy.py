"""When there is time to read, and to free what was written."""

import weakref

from ingest.batch import Decoded
from ingest.reading.busy import DatabaseBusy


class Used(Decoded):
    """One whose end can be seen."""


def defer_free(busy: DatabaseBusy) -> weakref.ref[Used]:
    used = Used()
    busy.defer_free(used)
    return weakref.ref(used)


async def test_while_a_batch_is_written_there_is_time_only_when_the_database_works() -> None:
    busy = DatabaseBusy()
    assert busy.is_set()
    busy.begin()
    assert not busy.is_set()
    with busy.at_work():
        assert busy.is_set()
    assert not busy.is_set()
    busy.rest()
    assert busy.is_set()


async def test_a_write_that_was_given_up_ends_without_stopping_readers() -> None:
    busy = DatabaseBusy()
    busy.begin()
    with busy.at_work():
        busy.rest()
    assert busy.is_set()


async def test_what_is_used_is_freed_when_the_database_is_at_work() -> None:
    busy = DatabaseBusy()
    used = defer_free(busy)
    assert used() is not None
    with busy.at_work():
        assert used() is None


async def test_no_more_than_one_is_kept() -> None:
    busy = DatabaseBusy()
    first, second = defer_free(busy), defer_free(busy)
    assert first() is None
    assert second() is not None
