"""This process as an agent: its resource use and a unique id."""

import os
import re
import socket
from secrets import token_hex
from typing import NamedTuple

import psutil

from emit.cgroup import ResourceLimits
from emit.clock import Clock
from emit.contract import checked_id


class Usage(NamedTuple):
    """Percent of the process's limits, 0 to 100."""

    cpu: float
    memory: float


class Process:
    """Measures this process, without its children.

    CPU is the share of processor time since the previous call, at first since the object was
    created; memory is the resident set.
    """

    def __init__(self, clock: Clock, limits: ResourceLimits) -> None:
        self._clock = clock
        self._limits = limits
        self._process = psutil.Process()
        self._read_at_s = clock.monotonic()
        self._used_s = self._cpu_s()

    def usage(self) -> Usage:
        now_s, used_s = self._clock.monotonic(), self._cpu_s()
        could_s = (now_s - self._read_at_s) * self._limits.processors()
        cpu = (used_s - self._used_s) / could_s if could_s > 0 else 0.0
        self._read_at_s, self._used_s = now_s, used_s
        memory = self._process.memory_info().rss / self._limits.memory_bytes()
        return Usage(clamped(100.0 * cpu), clamped(100.0 * memory))

    def _cpu_s(self) -> float:
        times = self._process.cpu_times()
        return times.user + times.system


def process_agent_id(name: str | None = None) -> str:
    """A unique agent id: `name` (default: the host name), pid and a random part.

    Raises ValueError for a name that is not valid in an id.
    """
    if name is None:
        name = re.sub(r"[^A-Za-z0-9._~:@-]", "-", socket.gethostname())[:64]
    return checked_id("agent_id", f"{checked_id('name', name)}-{os.getpid()}-{token_hex(4)}")


def clamped(percent: float) -> float:
    """Limits a percentage to 0 to 100: kernel and clock are read separately, and limits change."""
    return min(100.0, max(0.0, percent))
