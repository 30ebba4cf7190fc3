"""The list of long modules names files and folders that exist, each once."""

from tests.conftest import LONG


def test_each_is_there_once() -> None:
    assert [path for path in LONG if not path.exists()] == []
    assert len(set(LONG)) == len(LONG)
