"""One service for all that is done by the page."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from tests.acceptance.api.known import fill
from tests.acceptance.api.site import Site, served
from tests.support.stack import Stack, Topics, created_database, migrate


@pytest.fixture(scope="package")
def site(stack: Stack) -> Iterator[Site]:
    """The service over known rows, whose clock stands still."""
    mark = uuid4().hex[:12]
    topics = Topics(f"test-{mark}.samples", f"test-{mark}.events", f"test-{mark}.deadletter")
    with created_database(stack.database_url, f"test_{mark}") as database:
        migrate(database)
        fill(database)
        with served(database, stack, topics) as found:
            yield found
