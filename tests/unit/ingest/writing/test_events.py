"""The fields that are handed over are the placeholders of each query, for every event type."""

import re
from typing import get_args

import pytest

from ingest.writing.batchbuilder import TIMELINE_GROUPS
from ingest.writing.events import FIELDS, ONCE_BY_ID
from schemas import events
from sql.named import FOLDER, query

STRUCTS = {str(struct.__struct_config__.tag): struct for struct in get_args(events.Event)} | {
    name: struct for struct, name in TIMELINE_GROUPS.items()
}


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_the_placeholders(name: str) -> None:
    placeholders = re.findall(r"%\((\w+)\)s", query(f"store_{name}").decode())
    assert sorted(FIELDS[name]) == sorted(placeholders)


@pytest.mark.parametrize("name", FIELDS)
def test_fields_are_those_of_the_event(name: str) -> None:
    of_event = set(STRUCTS[name].__struct_fields__)
    if "agent_key" in FIELDS[name]:
        of_event = of_event - {"user_id", "agent_id"} | {"agent_key"}
    assert set(FIELDS[name]) == of_event


def test_every_group_but_samples_is_stored_by_a_query() -> None:
    queries = {path.stem.removeprefix("store_") for path in FOLDER.glob("store_*.sql")}
    assert set(FIELDS) == set(STRUCTS) - {"sample"} == queries


def test_types_distinguished_by_id_leave_what_is_there() -> None:
    for name in FIELDS:
        leaves = b"do nothing" in query(f"store_{name}")
        assert leaves is (name in ONCE_BY_ID or name in TIMELINE_GROUPS.values()), name


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("status", events.AgentStatus),
        ("deployment", events.DeploymentStatus),
        ("booking", events.BookingStatus),
        ("fan", events.Segment),
    ],
)
def test_ties_are_settled_by_the_contracts_list(name: str, values: object) -> None:
    listed = ", ".join(f"'{value}'" for value in get_args(values))
    lists = re.findall(r"array\[([^\]]+)\]", query(f"store_{name}").decode())
    assert set(lists) == {listed}
    assert lists
