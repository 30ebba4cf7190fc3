"""sql/schema.sql is what `make schema` writes of a migrated database."""

import pytest

from deploy.local import docker
from tests.pages.schema import FILE, schema


@pytest.mark.skipif(docker.answers(), reason="pg_dump is Debian's, in a root folder")
def test_the_file_is_what_the_migrations_make(database: str) -> None:
    assert schema(database) == FILE.read_text(encoding="utf-8"), "run 'make schema'"
