"""The moments that windows hang on."""

from datetime import UTC, date, datetime

import pytest

from query.summary import moments_of


@pytest.mark.parametrize(
    ("now", "last_month", "partner"),
    [
        ("2026-03-10T14:35:00.000001", "2026-02-01", "2026-02-10T14:35:00.000001"),
        ("2026-03-28T12:00", "2026-02-01", "2026-02-28T12:00"),
        ("2026-03-29T00:00", "2026-02-01", "2026-02-28T23:59:59.999999"),
        ("2026-03-31T12:00", "2026-02-01", "2026-02-28T23:59:59.999999"),
        ("2024-03-29T12:00", "2024-02-01", "2024-02-29T12:00"),
        ("2024-03-30T12:00", "2024-02-01", "2024-02-29T23:59:59.999999"),
        ("2024-02-29T12:00", "2024-01-01", "2024-01-29T12:00"),
        ("2026-01-31T12:00", "2025-12-01", "2025-12-31T12:00"),
        ("2026-01-01T00:00", "2025-12-01", "2025-12-01T00:00"),
        ("2026-05-31T23:59:59.999999", "2026-04-01", "2026-04-30T23:59:59.999999"),
    ],
)
def test_moments(now: str, last_month: str, partner: str) -> None:
    found = moments_of(datetime.fromisoformat(now).replace(tzinfo=UTC))
    assert found.today == date.fromisoformat(now[:10])
    assert found.month == found.today.replace(day=1)
    assert found.last_month == date.fromisoformat(last_month)
    assert found.partner == datetime.fromisoformat(partner).replace(tzinfo=UTC)
