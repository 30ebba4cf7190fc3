"""`fleetgauge ingest` as a process that tests stop, resume and kill."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.support.stack import REPOSITORY, free_port
from tests.support.waiting import until


class IngestProcess:
    """A running `fleetgauge ingest`; its log is in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path, port: int) -> None:
        self._process = process
        self._log = log
        self.port = port

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    @property
    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    async def kill(self) -> None:
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        self._process.terminate()
        return await self._process.wait()

    async def wait(self) -> int:
        return await self._process.wait()

    async def metric(self, series: str) -> float:
        """The value of a series such as `name{label="value"}`; 0 if it does not exist yet."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{self.port}/metrics")
        values = [line for line in answer.text.splitlines() if line.startswith(f"{series} ")]
        return float(values[0].rpartition(" ")[2]) if values else 0.0

    async def said(self, words: str, deadline_s: float = 120.0, times: int = 1) -> None:
        """Waits until the log has these words this number of times."""

        async def probe() -> bool:
            if self._process.returncode is not None:
                raise AssertionError(f"ingest ended with {self._process.returncode}:\n{self.log}")
            return self.log.count(words) >= times

        try:
            await until(probe, f"{words!r} in ingest's log", deadline_s)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.log}") from error


@asynccontextmanager
async def ingest_process(
    environment: dict[str, str], log: Path, *options: str
) -> AsyncIterator[IngestProcess]:
    """Starts ingest; kills it at the end if it still runs. The log file is appended to."""
    port = free_port()
    with log.open("ab") as sink:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(REPOSITORY / "fleetgauge.py"),
            "ingest",
            *options,
            env={**environment, "FLEETGAUGE_METRICS_PORT": str(port)},
            stdout=sink,
            stderr=sink,
        )
    try:
        yield IngestProcess(process, log, port)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
