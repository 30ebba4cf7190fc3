"""What an instance remembers."""

import base64
import shutil
from pathlib import Path

import pytest

from deploy.local import environment
from deploy.local.instance import Instance, InstanceRecord, load, random_cluster_id
from deploy.local.part import StackError


def test_there_is_nothing_to_load_in_a_new_folder(tmp_path: Path) -> None:
    assert load(tmp_path) is None


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    kept = InstanceRecord("native", str(tmp_path / "cache"), folder=str(tmp_path))
    made = Instance(tmp_path, kept)
    made.save()
    assert load(tmp_path) == made


def test_saving_writes_the_settings(tmp_path: Path) -> None:
    made = Instance(tmp_path, InstanceRecord("native", str(tmp_path)))
    made.kept.ports["database"] = 6543
    made.save()
    values = environment.parse(made.env_file.read_text())
    assert f"{made.kept.password}@127.0.0.1:6543/" in values["FLEETGAUGE_DATABASE_URL"]


def test_forgetting_leaves_nothing(tmp_path: Path) -> None:
    made = Instance(tmp_path, InstanceRecord("native", str(tmp_path)))
    made.save()
    made.forget()
    assert list(tmp_path.iterdir()) == []


def test_a_copy_of_a_folder_is_refused(tmp_path: Path) -> None:
    original, copy = tmp_path / "original", tmp_path / "copy"
    original.mkdir()
    Instance(original, InstanceRecord("native", str(tmp_path), folder=str(original))).save()
    shutil.copytree(original, copy)
    with pytest.raises(StackError, match=f"is a copy of the stack in {original}, .* delete {copy}"):
        load(copy)
    assert load(original) is not None


# the cache before a repository was moved from `here/old` to `there/new`, and after
CACHES = [
    ("here/old/.stack/cache", "there/new/.stack/cache"),
    ("here/old/cache", "there/new/cache"),
    ("here/elsewhere", "here/elsewhere"),
]


@pytest.mark.parametrize("is_replaced", [False, True])
@pytest.mark.parametrize(("before", "after"), CACHES)
def test_a_folder_that_was_moved_goes_on(
    tmp_path: Path, before: str, after: str, *, is_replaced: bool
) -> None:
    """Also if another clone has taken its place."""
    original, moved = tmp_path / "here" / "old" / ".stack", tmp_path / "there" / "new" / ".stack"
    original.mkdir(parents=True)
    cache = tmp_path / before
    cache.mkdir()
    made = Instance(original, InstanceRecord("native", str(cache), folder=str(original)))
    made.save()
    (tmp_path / "there").mkdir()
    (tmp_path / "here" / "old").rename(tmp_path / "there" / "new")
    if is_replaced:
        cache.mkdir(parents=True, exist_ok=True)
    found = load(moved)
    assert found is not None
    assert (found.kept.name, found.kept.folder) == (made.kept.name, str(moved))
    assert found.cache == tmp_path / after


def test_two_instances_share_no_secret_and_no_name(tmp_path: Path) -> None:
    one, other = InstanceRecord("native", str(tmp_path)), InstanceRecord("native", str(tmp_path))
    assert one.name != other.name
    assert one.password != other.password
    assert one.cluster_id != other.cluster_id


def test_a_cluster_id_is_what_kafka_takes() -> None:
    text = random_cluster_id()
    assert len(base64.urlsafe_b64decode(f"{text}==")) == 16
    assert not text.startswith("-")
