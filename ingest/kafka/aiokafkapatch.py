"""Puts our reader of record batches into one consumer of aiokafka's.

aiokafka has no argument for it: two methods of its fetcher name the classes that they make. Copies
of these methods that name ours are put into one consumer's fetcher, and nothing else is changed.
"""

from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher

from ingest.kafka.reader import PartitionReader, PartitionResult
from ingest.kafka.unpack import Unpacker

# The version whose methods these are; a test compares them with the version that is installed.
KNOWN_VERSION: Final = "0.14.0"
REPLACED: Final = {
    "_proc_fetch_request": ("MemoryRecords", "PartitionRecords", "FetchResult"),
    "fetched_records": ("FetchResult",),
}


def install_reader(consumer: AIOKafkaConsumer, unpacker: Unpacker) -> None:
    """Has a started consumer, which has no subscription yet, read by this unpacker.

    Raises RuntimeError where aiokafka is not as it was in the known version.
    """
    ours = {
        "MemoryRecords": unpacker.unpack,
        "PartitionRecords": PartitionReader,
        "FetchResult": PartitionResult,
    }
    fetcher = consumer._fetcher  # noqa: SLF001 - there is no public way
    for name, replaced in REPLACED.items():
        if not set(replaced) <= set(getattr(Fetcher, name).__code__.co_names):
            raise RuntimeError(f"aiokafka's {name} makes no {replaced}: it needs {KNOWN_VERSION}")
        setattr(fetcher, name, MethodType(_with_names(getattr(Fetcher, name), ours), fetcher))


def _with_names(function: Any, names: dict[str, Any]) -> Callable[..., Any]:
    """The same function, in which these global names stand for something else."""
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
