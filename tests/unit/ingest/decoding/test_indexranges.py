"""Places in an array are parsed as they were rendered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.decoding.indexranges import parse, render


@given(st.sets(st.integers(0, 999), min_size=1))
def test_places_are_parsed_as_they_are_rendered(places: set[int]) -> None:
    assert parse(render(places)) == sorted(places)


@pytest.mark.parametrize(
    ("places", "text"), [([3], "3"), ([2, 0, 1, 7], "0-2,7"), (range(1_000), "0-999")]
)
def test_neighbours_are_a_range(places: list[int], text: str) -> None:
    assert render(places) == text


@pytest.mark.parametrize("text", ["", "x", "-1", "2-1", "1,,2", "0-1000", "0-999,0-999"])
def test_what_names_no_places(text: str) -> None:
    with pytest.raises(ValueError, match=r"invalid literal|is no range|more than"):
        parse(text)
