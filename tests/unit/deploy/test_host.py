"""Programs that the stack needs."""

import pytest

from deploy.local import host
from deploy.local.part import StackError


def test_what_is_there_is_not_missing() -> None:
    assert host.missing(["sh", "no-such-program"]) == ["no-such-program"]


def test_without_root_the_missing_program_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "is_root", lambda: False)
    with pytest.raises(StackError, match="missing on this machine: no-such-program"):
        host.ensure(["sh", "no-such-program"])


def test_nothing_is_done_where_nothing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "is_root", lambda: False)
    host.ensure(["sh"])
