"""The queries of the page on incidents, as an analyst: each finds what it is meant to find."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from tests.integration.sql.analysts import NOW, as_role, let_in, logins, store_history
from tests.support.markdown import blocks
from tests.support.stack import Stack, created_database, migrate

# In the page's order: the users and agents of the rows.
FOUND: list[list[tuple[str, ...]]] = [
    [("bob", "dead")],
    [("alice",), ("bob",)],
    [("alice", "a1")],
    [("bob", "gone"), ("bob", "back"), ("bob", "back"), ("bob", "back"), ("bob", "dead")],
    [("bob", "back"), ("bob", "back"), ("bob", "dead")],
]


@pytest.fixture(scope="module")
def analyst(stack: Stack) -> Iterator[str]:
    with (
        logins(stack.database_url) as roles,
        created_database(stack.database_url, f"test_{uuid4().hex[:16]}") as url,
    ):
        migrate(url)
        store_history(url)
        name = f"test_{uuid4().hex[:12]}"
        roles.names.append(name)
        let_in(url, name)
        yield as_role(url, name)


def test_every_question_is_answered(analyst: str) -> None:
    asked = list(blocks("docs/dashboards/incident.md", "sql"))
    assert len(asked) == len(FOUND)
    for block, expected in zip(asked, FOUND, strict=True):
        with psycopg.connect(analyst) as connection:
            cursor = connection.execute(block.text.replace("now()", NOW).encode())
            names = [column.name for column in cursor.description or ()]
            rows: list[dict[str, Any]] = [
                dict(zip(names, row, strict=True)) for row in cursor.fetchall()
            ]
        ids = [tuple(row[n] for n in ("user_id", "agent_id") if n in row) for row in rows]
        assert ids == expected, block
