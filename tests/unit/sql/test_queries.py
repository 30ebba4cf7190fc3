"""Named queries: found by their name, and each tells its purpose first."""

import re

import pytest

from sql.named import FOLDER, query

FILES = sorted(FOLDER.glob("*.sql"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.stem))
def test_each_opens_with_its_purpose(file: object) -> None:
    name = str(getattr(file, "stem", ""))
    first = query(name).decode().splitlines()[0]
    assert re.fullmatch(r"-- [A-Z].*", first), first


def test_an_unknown_name_is_told() -> None:
    with pytest.raises(FileNotFoundError, match="absent"):
        query("absent")


@pytest.mark.parametrize(
    "name", ["platform", "summary", "performance", "historical_hours", "historical_cut_hours"]
)
def test_the_driver_need_not_parse_what_is_often_asked_anew(name: str) -> None:
    # It remembers how it turns a query's parameters into the server's for 4,096 bytes at most.
    assert len(query(name)) <= 4_096
