"""Who writes beside us: only who renews what it leaves, for as long as it does."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from ingest.conflicts import FORGET_AFTER, Renewals

START = datetime(2026, 3, 10, 12, tzinfo=UTC)


def marks(**seconds: int) -> dict[str, datetime]:
    return {name: START + timedelta(seconds=at) for name, at in seconds.items()}


def looks(*seen: Mapping[str, datetime]) -> list[str]:
    """The names found at each look."""
    renewals: Renewals[str] = Renewals()
    return ["".join(sorted(renewals.look(look))) for look in seen]


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ([marks(a=0), marks(a=9), marks(a=18)], ["", "", "a"]),
        # A mark from before a move, a restore or a new name of the group.
        ([marks(a=0)] * 10, [""] * 10),
        # A server that was restarted: its other ingest has committed once more under the old id.
        ([marks(a=0), marks(a=9), {}, {}], [""] * 4),
        # The other's clock went back.
        ([marks(a=0), marks(a=-50), marks(a=-40)], ["", "", "a"]),
        # It looks a little less often than we do.
        ([marks(a=0), marks(a=9), marks(a=9), marks(a=18), marks(a=18)], ["", "", "", "a", "a"]),
        # Its partition went to somebody else, and came back.
        ([marks(a=0), marks(a=9), marks(a=18), {}, marks(a=27)], ["", "", "a", "", ""]),
        ([marks(a=0, b=0), marks(a=9, b=8), marks(a=18, b=8)], ["", "", "a"]),
    ],
)
def test_what_is_renewed_is_alive(seen: Sequence[Mapping[str, datetime]], found: list[str]) -> None:
    assert looks(*seen) == found


def test_who_ends_is_forgotten() -> None:
    alive = [marks(a=0), marks(a=9), marks(a=18)]
    found = looks(*alive, *[marks(a=18)] * (FORGET_AFTER + 3))
    assert found == ["", "", *["a"] * FORGET_AFTER, *[""] * 4]
