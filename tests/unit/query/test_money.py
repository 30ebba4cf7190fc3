"""Money as text: signs, groups, and decimals by ISO 4217."""

import pytest

from query.money import money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (123450, "USD", "$1,234.50"),
        (0, "USD", "$0.00"),
        (5, "USD", "$0.05"),
        (-5, "USD", "-$0.05"),
        (-123450, "EUR", "-€1,234.50"),
        (100000000, "GBP", "£1,000,000.00"),
        (1234, "CHF", "CHF12.34"),
        (1234, "JPY", "¥1,234"),
        (0, "JPY", "¥0"),
        (-1234, "KRW", "-₩1,234"),
        (1234, "BHD", "BHD1.234"),
        (1, "KWD", "KWD0.001"),
        (123450, "IQD", "IQD123.450"),
        (123450, "AFN", "AFN1,234.50"),
        (123456, "CLF", "CLF12.3456"),
        (7, "XAU", "XAU7"),
        (123450, "QQQ", "QQQ1,234.50"),
        (2**63 - 1, "USD", "$92,233,720,368,547,758.07"),
        (-(10**41), "USD", f"-$1{',000' * 13}.00"),
    ],
)
def test_money(minor: int, currency: str, text: str) -> None:
    assert money(minor, currency) == text
