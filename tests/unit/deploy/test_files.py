"""Files that several runs share."""

import os
import queue
import threading
from pathlib import Path

import pytest

from deploy.local import files


def test_build_once_builds_once_for_many(tmp_path: Path) -> None:
    built: list[Path] = []

    def build(folder: Path) -> None:
        built.append(folder)
        folder.mkdir()

    target = tmp_path / "target"
    threads = [threading.Thread(target=files.build_once, args=(target, build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert target.is_dir()


def test_a_failed_build_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir()
        raise OSError("no space")

    target = tmp_path / "target"
    with pytest.raises(OSError, match="no space"):
        files.build_once(target, fail)
    assert not target.exists()
    files.build_once(target, Path.mkdir)
    assert target.is_dir()


def test_replace_keeps_a_secret_from_others(tmp_path: Path) -> None:
    path = tmp_path / "env"
    files.replace(path, "old")
    files.replace(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["env"]


def test_who_waits_for_a_lock_says_for_whom(tmp_path: Path) -> None:
    path, said, entered = tmp_path / "lock", queue.Queue[str](), threading.Event()

    def wait() -> None:
        with files.locked(path, said.put):
            entered.set()

    with files.locked(path):
        thread = threading.Thread(target=wait)
        thread.start()
        message = said.get(timeout=60)
        assert not entered.is_set()
    thread.join()
    assert entered.is_set()
    assert message == f"waiting for process {os.getpid()}, which holds {path}"
    assert said.empty()
