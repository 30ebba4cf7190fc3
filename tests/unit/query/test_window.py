"""The buckets of a window: so many, the current one last, whole hours of a day among them."""

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query.window import BUCKET, BUCKETS, HOUR, buckets_of
from schemas.agents import Window

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize("window", get_args(Window))
@given(moments)
def test_a_window_has_its_buckets(window: Window, now: datetime) -> None:
    buckets = buckets_of(window, now)
    assert (buckets.starts - EPOCH) % BUCKET == timedelta(0)
    assert (now - buckets.starts) // BUCKET == BUCKETS[window] - 1
    assert buckets.starts <= buckets.hours_from <= buckets.hours_upto <= now
    if buckets.hours_from < buckets.hours_upto:
        assert (buckets.hours_from - EPOCH) % HOUR == timedelta(0)
        assert (buckets.hours_upto - EPOCH) % HOUR == timedelta(0)
        assert buckets.hours_from - buckets.starts < HOUR
        assert now - buckets.hours_upto < HOUR
