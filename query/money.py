"""Formats minor units of a currency as text in the en-US locale."""

import decimal
import unicodedata
from decimal import Decimal
from functools import lru_cache
from typing import Final

from babel import Locale
from babel.numbers import format_currency, get_currency_symbol

from query.iso4217 import DECIMALS, UNLISTED

_LOCALE: Final = Locale.parse("en_US")
# Fits sums of many bigint amounts with decimals; Python's default of 28 digits might not.
_DIGITS: Final = 60


def decimals_of(currency: str) -> int:
    """The decimals of a currency by ISO 4217; two for an unlisted code."""
    return DECIMALS.get(currency, UNLISTED)


# Totals rarely change, and formatting took most of an answer's time.
@lru_cache(4_096)
def money(minor: int, currency: str) -> str:
    """`money(123450, "USD")` is `"$1,234.50"`."""
    decimals = decimals_of(currency)
    pattern = f"¤{_space_after(currency)}#,##0.{'0' * decimals}".rstrip(".")
    with decimal.localcontext(prec=_DIGITS):
        amount = Decimal(minor).scaleb(-decimals)
        return format_currency(amount, currency, pattern, _LOCALE, currency_digits=False)


@lru_cache(256)
def _space_after(currency: str) -> str:
    """A no-break space for symbols that end with a letter: CLDR's rule `currencySpacing`."""
    last = get_currency_symbol(currency, _LOCALE)[-1]
    return "" if unicodedata.category(last)[0] in "SZ" else "\N{NO-BREAK SPACE}"
