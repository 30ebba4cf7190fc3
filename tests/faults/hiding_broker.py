"""A way to a broker on which its topics can be hidden: it answers, and knows of none."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from io import BytesIO
from typing import Any, Final

from aiokafka.protocol import metadata as protocol

from ingest.kafka.adminrequests import MetadataRequestV8
from ingest.kafka.logidentity import MetadataRequestV10
from tests.support.stack import free_port

METADATA: Final = 3
UNKNOWN_TOPIC: Final = 3
# Requests by their version, each with the type of its answer.
REQUESTS: Final[dict[int, Any]] = {
    one.API_VERSION: one
    for one in (
        protocol.MetadataRequest_v0,
        protocol.MetadataRequest_v1,
        protocol.MetadataRequest_v2,
        protocol.MetadataRequest_v3,
        protocol.MetadataRequest_v4,
        protocol.MetadataRequest_v5,
        MetadataRequestV8,
        MetadataRequestV10,
    )
}


class HidingBroker:
    """Names itself as every broker's address, so that all connections lead through it.

    While `is_hiding`, no topic is known.
    """

    def __init__(self, host: str, port: int, own_port: int) -> None:
        self._host = host
        self._port = port
        self._own_port = own_port
        self._links: set[asyncio.Task[None]] = set()
        self.is_hiding = False

    def cut(self) -> None:
        """Ends every connection there is."""
        for link in self._links:
            link.cancel()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client's connection, from its first byte to its end."""
        link = asyncio.create_task(self._link(reader, writer))
        self._links.add(link)
        with suppress(asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            await link
        self._links.discard(link)
        writer.transport.abort()

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(self._host, self._port)
        asked: dict[int, int] = {}
        pumps = [
            asyncio.create_task(self._requests(reader, up_writer, asked)),
            asyncio.create_task(self._answers(up_reader, writer, asked)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            up_writer.transport.abort()
            for pump in pumps:
                pump.cancel()
            await asyncio.wait(pumps)

    async def _requests(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        while True:
            frame = await _frame(reader)
            key, version, correlation = struct.unpack_from(">hhi", frame)
            if key == METADATA:
                asked[correlation] = version
            await _send(writer, frame)

    async def _answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: dict[int, int]
    ) -> None:
        while True:
            frame = await _frame(reader)
            (correlation,) = struct.unpack_from(">i", frame)
            version = asked.pop(correlation, None)
            await _send(writer, frame if version is None else self._changed(frame, version))

    def _changed(self, frame: bytes, version: int) -> bytes:
        request = REQUESTS[version]
        answer = request.RESPONSE_TYPE
        # The header of flexible versions ends with its tags, of which there are none.
        head = 5 if request.FLEXIBLE_VERSION else 4
        found = answer.decode(BytesIO(frame[head:]))
        found.brokers = [
            (node, "127.0.0.1", self._own_port, *rest) for node, _, _, *rest in found.brokers
        ]
        if self.is_hiding:
            found.topics = [
                tuple(
                    UNKNOWN_TOPIC if name == "error_code" else [] if name == "partitions" else value
                    for name, value in zip(_topic_fields(answer), topic, strict=True)
                )
                for topic in found.topics
            ]
        return frame[:head] + bytes(found.encode())


def _topic_fields(answer: Any) -> tuple[str, ...]:
    schema = answer.SCHEMA
    names: tuple[str, ...] = schema.fields[schema.names.index("topics")].array_of.names
    return names


async def _frame(reader: asyncio.StreamReader) -> bytes:
    (size,) = struct.unpack(">i", await reader.readexactly(4))
    return await reader.readexactly(size)


async def _send(writer: asyncio.StreamWriter, frame: bytes) -> None:
    writer.write(struct.pack(">i", len(frame)) + frame)
    await writer.drain()


@asynccontextmanager
async def hiding_broker(bootstrap: str) -> AsyncIterator[tuple[HidingBroker, str]]:
    """A way to the broker at this address, and its own address."""
    host, _, port = bootstrap.rpartition(":")
    own_port = free_port()
    broker = HidingBroker(host, int(port), own_port)
    server = await asyncio.start_server(broker.serve, "127.0.0.1", own_port)
    try:
        yield broker, f"127.0.0.1:{own_port}"
    finally:
        server.close()
        broker.cut()
        await server.wait_closed()
