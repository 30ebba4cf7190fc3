"""Which texts are moments."""

from datetime import UTC, datetime

import pytest

from query.moments import moment_of


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-10T14:00:00Z", datetime(2026, 3, 10, 14, tzinfo=UTC)),
        ("2026-03-10t14:00:00z", datetime(2026, 3, 10, 14, tzinfo=UTC)),
        ("2026-03-10T14:00:00+05:45", datetime(2026, 3, 10, 8, 15, tzinfo=UTC)),
        ("2026-03-10T00:00:00-23:59", datetime(2026, 3, 10, 23, 59, tzinfo=UTC)),
        ("2026-03-10T14:00:00-00:00", datetime(2026, 3, 10, 14, tzinfo=UTC)),
        ("2026-03-10T14:00:00.5Z", datetime(2026, 3, 10, 14, 0, 0, 500_000, UTC)),
        ("2026-03-10T14:00:59.999999999Z", datetime(2026, 3, 10, 14, 0, 59, 999_999, UTC)),
        ("2024-02-29T00:00:00Z", datetime(2024, 2, 29, tzinfo=UTC)),
        ("0002-01-01T00:00:00+00:00", datetime(2, 1, 1, tzinfo=UTC)),
        ("9998-12-31T23:59:59-00:01", datetime(9999, 1, 1, 0, 0, 59, tzinfo=UTC)),
    ],
)
def test_rfc_3339(text: str, moment: datetime) -> None:
    found = moment_of(text)
    assert (found, found.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026-03-10", "2026-03-10T14:00Z", "2026-03-10T14:00:00", "20260310T140000Z",
        "2026-03-10 14:00:00Z", "2026-03-10T14:00:00 01:00", "2026-03-10T14:00:00+0100",
        "2026-03-10T14:00:00+24:00", "2026-03-10T14:00:00+01:60", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-03-10T24:00:00Z", "2016-12-31T23:59:60Z",
        "2026-03-10T14:00:00,5Z", "2026-03-10T14:00:00.Z", "2026-03-10T14:00:00Z\n",
        " 2026-03-10T14:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
        "0000-01-01T00:00:00Z", "12026-03-10T14:00:00Z", "-026-03-10T14:00:00Z", "1773151200",
        "٢٠٢٦-03-10T14:00:00Z", "2026-W11-2T14:00:00Z", "2026-03-10T14:00:00.0000000001Z",
    ],
)  # fmt: skip
def test_nothing_else(text: str) -> None:
    with pytest.raises(ValueError, match=r"RFC 3339|year|out of range|must be|day is"):
        moment_of(text)
