"""What the tests of the community edition share."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from sql.edition import Edition
from tests.community.server import community_database
from tests.support.stack import created_database, local_stack, migrate


@pytest.fixture(scope="module")
def community() -> Iterator[str]:
    """The URL of a migrated database of the community edition, one for all tests of a file."""
    with community_database() as url:
        yield url


@pytest.fixture(scope="module")
def apache_database() -> Iterator[str]:
    """The URL of a migrated database of the Apache edition, on the local stack."""
    with (
        local_stack() as local,
        created_database(local.database_url, f"test_{uuid4().hex[:16]}") as url,
    ):
        if migrate(url) is not Edition.APACHE:
            pytest.skip("the local stack has TimescaleDB's community edition")
        yield url
