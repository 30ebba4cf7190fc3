"""The demo's simulated fleet, and the missing part of its history."""

from deploy.local.demo_service import DemoService

USERS = 5
OPTIONS = ("--agents", "50", "--users", str(USERS), "--incident")
DAYS = 30


def history(service: DemoService) -> tuple[str, ...]:
    """The options that send the missing history: all of it, or from the newest stored day on."""
    known = len(service.historical(user(1), "30d"))
    span = f"{DAYS}d" if known < DAYS - 1 else f"{24 * (DAYS + 1 - known) + 1}h"
    return ("--backfill", span)


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
