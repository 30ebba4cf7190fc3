"""Pairs of versions that are known to fail, and those that `deploy/` names."""

import re

import pytest
import yaml

from sql.edition import Edition
from sql.versions import known_faults, version_of
from tests.support.stack import REPOSITORY

CASES = [
    ("17.12 (Debian 17.12-0+deb13u1)", "2.29.2", Edition.COMMUNITY, True),
    ("17.12", "2.19.3", Edition.COMMUNITY, True),
    ("17.13", "2.23.0", Edition.COMMUNITY, True),
    ("17.11", "2.29.2", Edition.COMMUNITY, False),
    ("17.9", "2.29.2", Edition.COMMUNITY, False),
    ("17.12", "2.29.3", Edition.COMMUNITY, False),
    ("17.12", "2.30.0-dev", Edition.COMMUNITY, False),
    # Has no jobs of ours.
    ("17.12", "2.29.2", Edition.APACHE, False),
    # Not known of other majors.
    ("18.1", "2.29.2", Edition.COMMUNITY, False),
]


@pytest.mark.parametrize(("postgresql", "timescaledb", "edition", "is_bad"), CASES)
def test_what_is_known_of_a_pair(
    postgresql: str, timescaledb: str, edition: Edition, *, is_bad: bool
) -> None:
    found = known_faults(postgresql, timescaledb, edition)
    assert len(found) == int(is_bad)
    for sentence in found:
        assert sentence.startswith(f"PostgreSQL {postgresql.split()[0]} with TimescaleDB ")


@pytest.mark.parametrize(
    ("text", "version"),
    [("17.12 (Debian)", (17, 12)), ("18beta1", (18,)), ("2.30.0-dev", (2, 30, 0))],
)
def test_numbers_of_a_version(text: str, version: tuple[int, ...]) -> None:
    assert version_of(text) == version


def test_the_images_are_a_pair_that_works() -> None:
    services = yaml.safe_load((REPOSITORY / "deploy" / "images.yaml").read_text())["services"]
    database = (REPOSITORY / "deploy/kubernetes/platform/database.yaml").read_text()
    timescaledb = re.fullmatch(r"timescale/timescaledb:(\S+)-pg17", services["database"]["image"])
    kubernetes = re.search(r"imageName: fleetgauge-postgresql:(\S+)-timescaledb(\S+)", database)
    assert timescaledb is not None
    assert kubernetes is not None
    assert kubernetes[2] == timescaledb[1]
    assert known_faults(kubernetes[1], kubernetes[2], Edition.COMMUNITY) == []
