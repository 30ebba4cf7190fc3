"""What a commit's metadata says about its database, and how others' metadata is read."""

from datetime import UTC, datetime

import pytest
from aiokafka import TopicPartition

from ingest.reading.commitmetadata import (
    Commit,
    DatabaseIdentity,
    Foreign,
    elsewhere,
    metadata,
    parse,
)

HERE = DatabaseIdentity("16384/2026-03-10T11:00:00+00:00", "fleetgauge at db:5432")
COPY = DatabaseIdentity("16384/2026-03-11T09:30:00+00:00", "fleetgauge at db:5432")
AT = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_commit_is_read_as_it_was_written() -> None:
    commit = parse(metadata(HERE))
    assert commit is not None
    assert commit.database == HERE


def test_of_an_unknown_database_nothing_is_said() -> None:
    assert metadata(None) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "null",
        "a lag tool",
        '{"database": 1}',
        "\ud800",
        '{"database":{"id":"1"},"at":""}',
    ],
)
def test_what_others_commit_is_no_database(text: str) -> None:
    assert parse(text) is None


def test_a_copy_of_the_same_name_is_another_database() -> None:
    partitions = [TopicPartition("fleet.samples", number) for number in range(2)]
    commits = {partitions[0]: Commit(HERE, AT), partitions[1]: Commit(COPY, AT)}
    assert elsewhere(commits, HERE) == {Foreign(partitions[1], COPY): AT}
