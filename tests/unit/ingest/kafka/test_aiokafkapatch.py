"""Our reader is in one consumer's fetcher, and only in the aiokafka that it is made for."""

from importlib.metadata import version
from typing import Any, cast

import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import Fetcher

from ingest.kafka.aiokafkapatch import KNOWN_VERSION, REPLACED, install_reader
from ingest.kafka.reader import PartitionReader, PartitionResult
from ingest.kafka.unpack import Unpacker
from ingest.reading.quarantine import Quarantine


class Consumer:
    """Stands for a consumer; its fetcher is the library's, of which nothing is started."""

    def __init__(self) -> None:
        self._fetcher: Any = Fetcher.__new__(Fetcher)

    def names_in(self, method: str) -> dict[str, Any]:
        """What the method's global names stand for."""
        found: dict[str, Any] = getattr(self._fetcher, method).__globals__
        return found


def test_this_is_the_aiokafka_whose_methods_are_copied() -> None:
    assert version("aiokafka") == KNOWN_VERSION, (
        "aiokafka is another version: compare Fetcher._proc_fetch_request, fetched_records, "
        "FetchResult.getall and PartitionRecords._unpack_records with ingest/kafka/, then set "
        "KNOWN_VERSION"
    )


@pytest.mark.parametrize("method", REPLACED)
def test_the_methods_make_what_is_replaced(method: str) -> None:
    assert set(REPLACED[method]) <= set(getattr(Fetcher, method).__code__.co_names)


def test_one_consumer_is_changed_and_no_other() -> None:
    one, other = Consumer(), Consumer()
    unpacker = Unpacker(Quarantine(lambda _: None, skips=False))
    install_reader(cast(Any, one), unpacker)
    names = one.names_in("_proc_fetch_request")
    assert names["PartitionRecords"] is PartitionReader
    assert names["FetchResult"] is PartitionResult
    assert names["MemoryRecords"] == unpacker.unpack
    assert one.names_in("fetched_records")["FetchResult"] is PartitionResult
    for method in REPLACED:
        assert other.names_in(method)["FetchResult"] is fetcher.FetchResult
