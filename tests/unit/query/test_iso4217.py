"""The table of currencies: each code once, and all that are in use anywhere."""

import pytest
from babel.core import get_global
from babel.numbers import get_territory_currencies

from query import iso4217
from query.iso4217 import DECIMALS

# Each code as often as it stands in the table.
LISTED = " ".join(vars(iso4217)[name] for name in ("_NONE", "_TWO", "_THREE", "_FOUR")).split()


def test_each_code_stands_once() -> None:
    assert len(LISTED) == len(set(LISTED)) == len(DECIMALS)


def test_every_currency_in_use_is_there() -> None:
    in_use = {
        currency
        for territory in get_global("territory_currencies")
        for currency in get_territory_currencies(territory)
    }
    assert in_use - set(DECIMALS) == set()


@pytest.mark.parametrize(
    ("code", "decimals"),
    [("USD", 2), ("JPY", 0), ("BHD", 3), ("IQD", 3), ("CLF", 4), ("AFN", 2), ("XAU", 0)],
)
def test_decimals(code: str, decimals: int) -> None:
    assert DECIMALS[code] == decimals
