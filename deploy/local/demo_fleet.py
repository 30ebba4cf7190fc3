"""The fleet that the demo shows beside this machine, and what of its history is missing."""

from deploy.local.demo_service import DemoService

USERS = 5
OPTIONS = ("--agents", "50", "--users", str(USERS))
# Live from where the history ends: what is sent twice is stored once.
LIVE = ("--backfill", "15m")
DAYS = 30


def history(service: DemoService) -> tuple[str, ...]:
    """The options that send what is missing: all of it, or from the newest day that is there."""
    known = len(service.historical(user(1), "30d"))
    span = f"{DAYS}d" if known < DAYS - 1 else f"{24 * (DAYS + 1 - known) + 1}h"
    return ("--backfill", span, "--duration", "0s")


def is_whole(service: DemoService) -> bool:
    """Whether every user has a point in each of the last 24 hours and 30 days."""
    return all(
        len(service.historical(user(number), time_range)) == points
        for number in range(1, USERS + 1)
        for time_range, points in (("24h", 24), ("30d", DAYS))
    )


def user(number: int) -> str:
    """The id of a user of the fleet, from 1."""
    return f"user-{number}"
