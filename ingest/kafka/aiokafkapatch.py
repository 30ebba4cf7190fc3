"""Patches one aiokafka consumer to use Fleetgauge's reader of record batches.

aiokafka has no option for it: two methods of its fetcher refer to the classes that they create.
Copies of these methods that refer to our classes are set on one consumer's fetcher; the library
itself is not changed.
"""

from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from aiokafka.consumer.fetcher import Fetcher

from ingest.kafka.reader import PartitionReader, PartitionResult
from ingest.kafka.unpack import Unpacker

# The aiokafka version of these methods; a test compares it with the installed one.
KNOWN_VERSION: Final = "0.14.0"
REPLACED: Final = {
    "_proc_fetch_request": ("MemoryRecords", "PartitionRecords", "FetchResult"),
    "fetched_records": ("FetchResult",),
}


def install_reader(consumer: AIOKafkaConsumer, unpacker: Unpacker) -> None:
    """Makes a started consumer without a subscription read with this unpacker.

    Raises RuntimeError if aiokafka's methods are not those of the known version.
    """
    ours = {
        "MemoryRecords": unpacker.unpack,
        "PartitionRecords": PartitionReader,
        "FetchResult": PartitionResult,
    }
    fetcher = consumer._fetcher  # noqa: SLF001 - there is no public way
    for name, replaced in REPLACED.items():
        if not set(replaced) <= set(getattr(Fetcher, name).__code__.co_names):
            raise RuntimeError(f"aiokafka {KNOWN_VERSION} is needed: {name} must create {replaced}")
        setattr(fetcher, name, MethodType(_with_names(getattr(Fetcher, name), ours), fetcher))


def _with_names(function: Any, names: dict[str, Any]) -> Callable[..., Any]:
    """The same function with these global names replaced."""
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, **names},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
