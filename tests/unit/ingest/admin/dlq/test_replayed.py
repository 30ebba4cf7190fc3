"""What is in the ledger and what is not: a place is no other place."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.admin.dlq.letter import SourceRef
from ingest.admin.dlq.policy import ReplayedRefs

PLACES = st.builds(
    SourceRef,
    st.sampled_from(["fleet.samples", "fleet.events"]),
    st.integers(0, 2),
    st.integers(0, 3) | st.integers(0, 2**53),
    st.none() | st.integers(0, 999),
)


@given(st.lists(PLACES, max_size=30), st.lists(PLACES, max_size=30))
def test_it_holds_what_was_added_and_nothing_else(
    added: list[SourceRef], asked: list[SourceRef]
) -> None:
    ledger = ReplayedRefs()
    for place in added:
        ledger.add(place)
    for place in [*added, *asked]:
        assert (place in ledger) is (place in added)
