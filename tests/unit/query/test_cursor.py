"""Cursors go back to their position, for their own query, for an hour; nothing else gets in."""

import base64
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.exceptions import ValidationException

from query.cursor import LEEWAY, MAX_AGE, MAX_CHARACTERS, issue, resume

NOW = datetime(2026, 3, 29, 0, 59, 59, 123456, tzinfo=UTC)
QUERY = ("/api/metrics/agents", "alice", "cpu", None)


class Place(msgspec.Struct, frozen=True, array_like=True):
    """A position as a list may have it."""

    ts: datetime
    name: str
    seen: bytes


PLACE = Place(NOW, "agent-1", b"\x00\xff")
SECOND = timedelta(seconds=1)

values = st.none() | st.text(max_size=20) | st.integers(-(2**53), 2**53) | st.booleans()
places = st.builds(
    Place,
    st.datetimes(timezones=st.just(UTC)),
    st.text(max_size=128),
    st.binary(max_size=500),
)


@given(st.lists(values, max_size=5).map(tuple), places)
def test_a_position_comes_back(query: tuple[object, ...], place: Place) -> None:
    cursor = issue(query, place, NOW)
    assert resume(cursor, query, Place, NOW) == place
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "other",
    [
        ("/api/metrics/users", "alice", "cpu", None),
        ("/api/metrics/agents", "bob", "cpu", None),
        ("/api/metrics/agents", "alice", "memory", None),
        ("/api/metrics/agents", "alice", "cpu", ""),
        ("/api/metrics/agents", "alice", "cpu"),
    ],
)
def test_a_cursor_belongs_to_one_query(other: tuple[object, ...]) -> None:
    with pytest.raises(ValidationException):
        resume(issue(QUERY, PLACE, NOW), other, Place, NOW)


@pytest.mark.parametrize(
    ("later", "is_taken"),
    [
        (MAX_AGE, True),
        (MAX_AGE + SECOND, False),
        (-LEEWAY, True),
        (-LEEWAY - SECOND, False),
    ],
)
def test_a_cursor_holds_for_an_hour(later: timedelta, is_taken: bool) -> None:
    cursor = issue(QUERY, PLACE, NOW)
    if is_taken:
        assert resume(cursor, QUERY, Place, NOW + later) == PLACE
    else:
        with pytest.raises(ValidationException):
            resume(cursor, QUERY, Place, NOW + later)


@given(st.data())
def test_any_change_is_refused(data: st.DataObject) -> None:
    raw = bytearray(base64.urlsafe_b64decode(_padded(issue(QUERY, PLACE, NOW))))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ValidationException):
        resume(base64.urlsafe_b64encode(raw).rstrip(b"=").decode(), QUERY, Place, NOW)


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    with pytest.raises(ValidationException):
        resume(text, QUERY, Place, NOW)


def test_a_sealed_body_of_another_kind_is_refused() -> None:
    class Other(msgspec.Struct, array_like=True):
        page: int

    with pytest.raises(ValidationException):
        resume(issue(QUERY, Other(3), NOW), QUERY, Place, NOW)


def test_a_cursor_that_no_url_carries_is_not_issued() -> None:
    with pytest.raises(ValueError, match="characters"):
        issue(QUERY, Place(NOW, "", b"x" * MAX_CHARACTERS), NOW)


def _padded(cursor: str) -> str:
    return cursor + "=" * (-len(cursor) % 4)
