"""URLs that the driver reads as meant, and those of which it would leak part of the password."""

import pytest

from schemas.settings.database_url import check_database_url

TAKEN = [
    "postgresql://someone:secret@127.0.0.1:5432/fleetgauge",
    "postgres://someone@db/fleetgauge",
    "postgresql://someone:p%40ss%2Fword@[::1]:5432/fleetgauge?sslmode=require",
    "postgresql://someone:se:cret@a:1,b:2/fleetgauge?options=-c%20work_mem%3D5MB",
    "postgresql:///fleetgauge?host=/var/run/postgresql",
]


@pytest.mark.parametrize("url", TAKEN)
def test_taken(url: str) -> None:
    check_database_url(url)


REFUSED = [
    "",
    "fleetgauge",
    "mysql://x/y",
    "postgresql://host",
    "postgresql://host/",
    "postgresql://someone:hunter@2@host/fleetgauge",
    "postgresql://someone:hunter/2@host/fleetgauge",
    "postgresql://someone:hunter?2@host/fleetgauge",
    "postgresql://someone:hunter#2@host/fleetgauge",
    "postgresql://someone:hunter%2@host/fleetgauge",
    "postgresql://someone:hunter%002@host/fleetgauge",
    "postgresql://someone:secret@host/fleetgauge?hunter=2",
    "host=db password=hunter2",
]


@pytest.mark.parametrize("url", REFUSED)
def test_refused_without_a_word_of_it(url: str) -> None:
    with pytest.raises(ValueError, match="takes postgresql://user:password@host:port/") as caught:
        check_database_url(url)
    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None
