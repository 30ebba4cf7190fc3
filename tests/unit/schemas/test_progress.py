"""A line every five seconds where there is no terminal, and none for what takes a moment."""

import structlog

from schemas.progress import lines


def test_a_line_every_five_seconds() -> None:
    now = 100.0
    with structlog.testing.capture_logs() as told:
        looked = lines("dead letters read", lambda: now)
        for done in range(13):
            looked(done, 20)
            now += 1.0
    assert [(line["event"], line["done"], line["of"]) for line in told] == [
        ("dead letters read", 5, 20),
        ("dead letters read", 10, 20),
    ]
