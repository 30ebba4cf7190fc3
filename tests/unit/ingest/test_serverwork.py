import weakref

from ingest.batch import Intake
from ingest.serverwork import ServerWork


class Used(Intake):
    """One that tells when it is gone."""


def put_off(work: ServerWork) -> weakref.ref[Used]:
    used = Used()
    work.put_off(used)
    return weakref.ref(used)


async def test_what_is_put_off_is_freed_when_the_server_is_at_work() -> None:
    work = ServerWork()
    used = put_off(work)
    assert used() is not None
    with work.going_on():
        assert work.is_set()
        assert used() is None
    assert not work.is_set()


async def test_no_more_than_one_is_put_off() -> None:
    work = ServerWork()
    first, second = put_off(work), put_off(work)
    assert first() is None
    assert second() is not None
