"""How much CPU and memory this process may use: its cgroup's limits, else the machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

CGROUPS: Final = Path("/sys/fs/cgroup")
OWN_CGROUPS: Final = Path("/proc/self/cgroup")


class ResourceLimits:
    """Reads the files of cgroup v2 or v1 anew at each question: a limit may be changed."""

    def __init__(self, mounted: Path = CGROUPS, own: Path = OWN_CGROUPS) -> None:
        self._mounted = mounted
        self._own = own

    def processors(self) -> float:
        """How many processors' time it may take, at most those it may run on."""
        quotas = [_quota(*numbers) for numbers in self._cpu_limits() if len(numbers) == 2]
        return min([*quotas, _affinity()])

    def memory_bytes(self) -> int:
        """How many bytes it may have, at most those there are."""
        limits = [int(numbers[0]) for numbers in self._memory_limits() if numbers]
        return min([*limits, psutil.virtual_memory().total])

    def _cpu_limits(self) -> Iterator[list[float]]:
        for folder in self._folders(""):
            yield _numbers(folder / "cpu.max")
        for folder in self._folders("cpu"):
            quota, period = folder / "cpu.cfs_quota_us", folder / "cpu.cfs_period_us"
            yield [number for file in (quota, period) for number in _numbers(file) if number > 0]

    def _memory_limits(self) -> Iterator[list[float]]:
        for folder in self._folders(""):
            yield _numbers(folder / "memory.max")
        for folder in self._folders("memory"):
            yield _numbers(folder / "memory.limit_in_bytes")

    def _folders(self, controller: str) -> Iterator[Path]:
        # A limit of any ancestor holds too. In a container the path may be the host's, and only
        # the mounted root is there.
        root = self._mounted / controller
        inside = root / self._path(controller).lstrip("/")
        while inside != root:
            yield inside
            inside = inside.parent
        yield root

    def _path(self, controller: str) -> str:
        try:
            lines = self._own.read_text(encoding="utf-8").splitlines()
        except OSError:
            return "/"
        fields = (line.split(":", 2) for line in lines)
        found = [path for _, names, path in fields if controller in names.split(",")]
        return found[0] if found and ".." not in found[0] else "/"


def _numbers(file: Path) -> list[float]:
    """The numbers in a file, until one says `max`; none where there is no such file."""
    try:
        words = file.read_text(encoding="ascii").split()
    except OSError:
        return []
    return [] if "max" in words else [float(word) for word in words]


def _quota(quota_us: float, period_us: float) -> float:
    return quota_us / period_us


def _affinity() -> float:
    if hasattr(os, "sched_getaffinity"):
        return float(len(os.sched_getaffinity(0)))
    return float(os.cpu_count() or 1)
