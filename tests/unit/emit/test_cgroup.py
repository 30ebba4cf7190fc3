"""What a process may use, by the files of its cgroup."""

import os
from pathlib import Path

import psutil
import pytest

from emit.cgroup import ResourceLimits

ALL_MEMORY = psutil.virtual_memory().total
ALL_PROCESSORS = float(len(os.sched_getaffinity(0)))
V2 = "0::/pod/agent\n"
V1 = "5:cpu,cpuacct:/pod/agent\n4:memory:/pod/agent\n0::/\n"


def limits(folder: Path, own: str, files: dict[str, str]) -> ResourceLimits:
    (folder / "own").write_text(own)
    for name, text in files.items():
        file = folder / "cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return ResourceLimits(folder / "cgroup", folder / "own")


@pytest.mark.parametrize(
    ("own", "files", "processors"),
    [
        (V2, {}, ALL_PROCESSORS),
        (V2, {"cpu.max": "max 100000\n"}, ALL_PROCESSORS),
        (V2, {"cpu.max": "50000 100000\n"}, 0.5),
        (V2, {"pod/agent/cpu.max": "25000 100000\n", "pod/cpu.max": "50000 100000\n"}, 0.25),
        (V2, {"pod/agent/cpu.max": "max 100000\n", "pod/cpu.max": "50000 100000\n"}, 0.5),
        (V2, {"cpu.max": "99900000 100000\n"}, ALL_PROCESSORS),
        ("0::/../..\n", {"cpu.max": "50000 100000\n"}, 0.5),
        (V1, {"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000"}, ALL_PROCESSORS),
        (
            V1,
            {
                "cpu/pod/agent/cpu.cfs_quota_us": "20000\n",
                "cpu/pod/agent/cpu.cfs_period_us": "100000\n",
            },
            0.2,
        ),
    ],
)
def test_processors(tmp_path: Path, own: str, files: dict[str, str], processors: float) -> None:
    assert limits(tmp_path, own, files).processors() == processors


@pytest.mark.parametrize(
    ("own", "files", "memory"),
    [
        (V2, {}, ALL_MEMORY),
        (V2, {"memory.max": "max\n"}, ALL_MEMORY),
        (V2, {"memory.max": "1048576\n"}, 1_048_576),
        (V2, {"pod/agent/memory.max": "max\n", "pod/memory.max": "2097152\n"}, 2_097_152),
        (V1, {"memory/memory.limit_in_bytes": "9223372036854771712\n"}, ALL_MEMORY),
        (V1, {"memory/pod/agent/memory.limit_in_bytes": "1048576\n"}, 1_048_576),
    ],
)
def test_memory(tmp_path: Path, own: str, files: dict[str, str], memory: int) -> None:
    assert limits(tmp_path, own, files).memory_bytes() == memory


def test_where_there_are_no_cgroups_it_is_the_machine(tmp_path: Path) -> None:
    nowhere = ResourceLimits(tmp_path / "none", tmp_path / "none")
    assert (nowhere.processors(), nowhere.memory_bytes()) == (ALL_PROCESSORS, ALL_MEMORY)
