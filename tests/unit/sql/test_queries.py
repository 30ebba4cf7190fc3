"""Named queries: found by their name, and each states its purpose first."""

import re

import pytest

from sql.named import FOLDER, queries, query


@pytest.mark.parametrize("name", sorted(queries()))
def test_each_opens_with_its_purpose(name: str) -> None:
    first = query(name).decode().splitlines()[0]
    assert re.fullmatch(r"-- [A-Z].*", first), first


def test_a_shared_file_opens_with_a_name() -> None:
    for file in FOLDER.glob("*.sql"):
        text = file.read_text(encoding="utf-8")
        assert "-- name: " not in text or text.startswith("-- name: "), file


def test_an_unknown_name_is_rejected() -> None:
    with pytest.raises(KeyError, match="absent"):
        query("absent")


@pytest.mark.parametrize(
    "name", ["platform", "summary", "performance", "historical_hours", "historical_cut_hours"]
)
def test_the_driver_need_not_parse_frequent_queries_again(name: str) -> None:
    # It remembers how it turns a query's parameters into the server's for 4,096 bytes at most.
    assert len(query(name)) <= 4_096
