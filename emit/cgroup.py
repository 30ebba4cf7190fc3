"""The CPU and memory limits of this process: those of its cgroup, or else the machine's."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil

CGROUPS: Final = Path("/sys/fs/cgroup")
OWN_CGROUPS: Final = Path("/proc/self/cgroup")


class ResourceLimits:
    """Reads the files of cgroup v2 or v1 on each call, since limits may change."""

    def __init__(self, mounted: Path = CGROUPS, own: Path = OWN_CGROUPS) -> None:
        self._mounted = mounted
        self._own = own

    def processors(self) -> float:
        """The CPU quota in processors, at most the number it may run on."""
        quotas = [_quota(*numbers) for numbers in self._cpu_limits() if len(numbers) == 2]
        return min([*quotas, _affinity()])

    def memory_bytes(self) -> int:
        """The memory limit in bytes, at most the machine's memory."""
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
        # Limits of ancestors apply too. In a container the path may be the host's, and only the
        # mounted root exists.
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
    """The numbers in a file; empty for `max` or a missing file."""
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
