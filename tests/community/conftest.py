"""What the tests of the community edition share."""

from collections.abc import Iterator

import pytest

from tests.community.server import community_database


@pytest.fixture(scope="module")
def community() -> Iterator[str]:
    """The URL of a migrated database of the community edition, one for all tests of a file."""
    with community_database() as url:
        yield url
