"""Money as text: signs, groups, and decimals by ISO 4217."""

from pathlib import Path

import pytest

from query.iso4217 import DECIMALS
from query.money import money

# A code and its decimals, and Node's text of these amounts: tests/support/currencies/.
CASES = Path(__file__).parents[2] / "support" / "currencies" / "cases.tsv"
AMOUNTS = (1_234_567, -1_234_567, 0, 1)
ROWS = [line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("currency", "decimals", "texts"), [(c, d, t) for c, d, *t in ROWS])
def test_money_is_written_as_ecma_402_writes_it(
    currency: str, decimals: str, texts: list[str]
) -> None:
    assert [money(minor, currency) for minor in AMOUNTS] == texts
    assert DECIMALS[currency] == int(decimals)


def test_there_is_a_case_for_each_currency() -> None:
    assert {currency for currency, *_ in ROWS} == set(DECIMALS)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "USD", "$1,234.50"),
        (0, "USD", "$0.00"),
        (5, "USD", "$0.05"),
        (-5, "USD", "-$0.05"),
        (-123450, "EUR", "-€1,234.50"),
        (100000000, "GBP", "£1,000,000.00"),
        (1234, "CHF", "CHF\N{NO-BREAK SPACE}12.34"),
        (1234, "JPY", "¥1,234"),
        (0, "JPY", "¥0"),
        (-1234, "KRW", "-₩1,234"),
        (1234, "BHD", "BHD\N{NO-BREAK SPACE}1.234"),
        (1, "KWD", "KWD\N{NO-BREAK SPACE}0.001"),
        (123450, "IQD", "IQD\N{NO-BREAK SPACE}123.450"),
        (123450, "AFN", "AFN\N{NO-BREAK SPACE}1,234.50"),
        (123456, "CLF", "CLF\N{NO-BREAK SPACE}12.3456"),
        (7, "XAU", "XAU\N{NO-BREAK SPACE}7"),
        (123450, "QQQ", "QQQ\N{NO-BREAK SPACE}1,234.50"),
        (2**63 - 1, "USD", "$92,233,720,368,547,758.07"),
        (-(10**41), "USD", f"-$1{',000' * 13}.00"),
    ],
)
def test_money(minor: int, currency: str, text: str) -> None:
    assert money(minor, currency) == text
