"""`make demo`, as the person at the terminal meets it."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process, create_subprocess_exec
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import httpx
import pytest

from tests.support.stack import REPOSITORY, free_port
from tests.support.waiting import until

DEMO = REPOSITORY / "deploy" / "local" / "demo.py"


@asynccontextmanager
async def demo(port: int) -> AsyncIterator[Process]:
    """The demo as a process, asked for a port; stopped at the end, if it still runs."""
    process = await create_subprocess_exec(
        *(sys.executable, str(DEMO)),
        env={**os.environ, "FLEETGAUGE_HTTP_PORT": str(port)},
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            await process.communicate()


async def lines_until(process: Process, start: str) -> list[str]:
    """What the demo prints, up to the first line that begins so."""
    assert process.stdout is not None
    lines: list[str] = []
    async for line in process.stdout:
        lines.append(line.decode().rstrip())
        if lines[-1].startswith(start):
            return lines
    raise AssertionError(f"the demo ended without {start!r}:\n" + "\n".join(lines))


def called(line: str) -> str:
    """The address in a line `curl … "address"`."""
    return line.split()[-1].strip('"')


async def has_incident(client: httpx.AsyncClient, address: str) -> bool:
    """Whether the list of failed agents, which is updated every 4 seconds, has the incident's."""
    answer = await client.get(f"{address}/api/metrics/agents?state=failed")
    return {"mailer-1", "scout-3"} <= {one["agentId"] for one in answer.json()["agents"]}


@pytest.mark.timeout(400)
async def test_it_gets_ready_answers_every_call_and_ends() -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    async with demo(port) as process:
        steps = await lines_until(process, "ready: ")
        assert steps[-1].startswith(f"ready: {address} after ")
        token = steps[-1].rpartition("token ")[2]
        rest = await lines_until(process, "logs in")
        (of_user,) = (line.rpartition(" ")[2] for line in rest if line.startswith("or as user-1 "))
        calls = [line for line in rest if line.startswith("curl")]
        assert len(calls) == 12
        async with httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"}) as client:
            answers = await asyncio.gather(*[client.get(called(line)) for line in calls])
            page = await client.get(address)
            headers = {"Authorization": f"Bearer {of_user}"}
            own = await client.get(f"{address}/api/metrics/user-1/summary", headers=headers)
            await until(partial(has_incident, client, address), "the incident", 60)
        assert [answer.status_code for answer in (*answers, page, own)] == [200] * 14
        platform, *fleet = (answer.json() for answer in answers[:-1])
        assert platform["metrics"]["agents"]["total"] >= 50
        assert [len(answer["metrics"]) for answer in fleet[:3]] == [24, 28, 30]
        assert all(answer["metrics"] for answer in fleet[5:8])
        assert [fleet[n]["status"] for n in (3, 8)] == ["ok", "ok"]
        assert fleet[4]["bookings"]["completed"] > 0
        process.send_signal(signal.SIGTERM)
        await process.communicate()
        assert process.returncode == 0
    assert any(line.startswith("set-up ") and line.endswith(" s") for line in steps)


async def test_a_port_that_is_taken_is_reported_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taker:
        port = taker.getsockname()[1]
        async with demo(port) as process:
            output, _ = await process.communicate()
    assert process.returncode == 1
    assert output.decode().startswith(
        f"demo: FLEETGAUGE_HTTP_PORT={port} is taken by process {os.getpid()} ("
    )
