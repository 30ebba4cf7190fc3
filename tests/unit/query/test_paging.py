"""Paging a list whose values change between pages, against a plain list that a test holds."""

import random
from datetime import UTC, datetime
from typing import Final

import pytest
from litestar.exceptions import ValidationException

from query.cursor import issue, resume
from query.paging import MAX_LIMIT, PagePosition

NOW: Final = datetime(2026, 3, 10, 14, 35, tzinfo=UTC)
QUERY: Final = ("agents",)


class Fleet:
    """Keys 1 to `agents`, of so many of all times, with a value each; a page as SQL reads it."""

    def __init__(self, agents: int, of: int, seed: int) -> None:
        self.rng = random.Random(seed)
        self.values = {key: self.rng.random() for key in self.rng.sample(range(1, of + 1), agents)}

    def page(self, place: PagePosition, limit: int) -> list[int]:
        seen = set(place.keys())
        rest = [key for key in self.values if key not in seen]
        if place.after:
            return sorted(key for key in rest if _id(key) > place.after)[:limit]
        return sorted(rest, key=lambda key: (self.values[key], key))[:limit]

    def change(self) -> None:
        for key in self.rng.sample(sorted(self.values), max(1, len(self.values) // 50)):
            self.values[key] = self.rng.random()


def _id(key: int) -> tuple[str, ...]:
    return (f"{key:010}", "u" * 128)


@pytest.mark.parametrize(
    ("agents", "of", "limit"),
    [(50, 50, 7), (10_000, 10_000, 100), (10_000, 10_000, MAX_LIMIT), (20_000, 2**31 - 1, 500)],
)
def test_each_row_comes_exactly_once(agents: int, of: int, limit: int) -> None:
    fleet = Fleet(agents, of, seed=limit)
    place, shown = PagePosition(), []
    while page := fleet.page(place, limit):
        shown += page
        # A cursor of any length that is issued is taken again.
        cursor = issue(QUERY, place.past_rows(page, _id(page[-1])), NOW)
        place = resume(cursor, QUERY, PagePosition, NOW)
        fleet.change()
    assert sorted(shown) == sorted(fleet.values)


def test_the_order_holds_for_ten_thousand_agents() -> None:
    fleet = Fleet(10_000, 10_000, seed=1)
    place, shown = PagePosition(), []
    while page := fleet.page(place, 500):
        shown += page
        place = place.past_rows(page, _id(page[-1]))
        assert not place.after
    assert shown == sorted(fleet.values, key=lambda key: fleet.values[key])


@pytest.mark.parametrize(
    "place", [PagePosition(b"\x00"), PagePosition(b"", ("a", "b", "c")), PagePosition(b"", ("a",))]
)
def test_a_place_of_no_list_is_refused(place: PagePosition) -> None:
    with pytest.raises(ValidationException):
        place.keys(), place.ids(2)
