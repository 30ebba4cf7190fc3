"""The notebook of the analysts' page runs as an analyst, and adds up what was stored."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from tests.integration.sql.analysts import as_role, let_in, logins
from tests.support.markdown import blocks
from tests.support.rows import Row, insert
from tests.support.stack import Stack


def test_the_notebook_adds_up_by_day(database: str, stack: Stack) -> None:
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    rows = [
        Row("alice/a", today - timedelta(days=2) + timedelta(hours=h), cpu=10 * h, messages=h)
        for h in range(1, 4)
    ]
    insert(database, [*rows, Row("bob/a", today - timedelta(days=2), cpu=99, messages=99)])
    (program,) = blocks("docs/analysts.md", "python")
    ending = (
        "\nassert by_day.schema['messages'].is_integer(), by_day.schema\nprint(by_day.rows())\n"
    )
    with logins(stack.database_url) as made:
        name = f"test_{uuid4().hex[:12]}"
        made.names.append(name)
        let_in(database, name)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", program.text + ending],
            env={**os.environ, "ANALYST_URL": as_role(database, name)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    day = (today - timedelta(days=2)).date()
    assert done.stdout.splitlines()[-1] == repr([(day, 20.0, 6, 0)])
