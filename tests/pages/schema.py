"""Writes sql/schema.sql, the reference of the database, from a migrated one: `make schema`.

Of what `pg_dump` prints, statements are put together by the relation they belong to, in the order
in which the migrations create the relations.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple
from uuid import uuid4

import psycopg

from deploy.local import process
from deploy.local.timescale import PACKAGE, PROGRAMS, SUITE
from tests.support.stack import REPOSITORY, created_database, migrate, running_stack

FILE: Final = REPOSITORY / "sql" / "schema.sql"
ROOT: Final = REPOSITORY / ".stack" / "cache" / f"debian-{SUITE}-{PACKAGE}"
OPENING: Final = """\
-- Written by `make schema` from a migrated database of the Apache edition: change sql/*/migrations
-- and sql/*/repeatable. On the community edition agent_metrics_5m, _1h and _1d are continuous
-- aggregates with the same columns, in place of the views and the tables rollup_5m, _1h and _1d;
-- what else differs is in sql/community. A function or procedure is shown without its body; its
-- file is named.
"""
DUMP: Final = ("--schema-only", "--schema=public", "--no-owner")
ENTRY: Final = re.compile(
    r"^-- Name: (?P<name>[^\n]+); Type: (?P<kind>[A-Z ]+); Schema: public; Owner: -\n--\n"
    r"(?P<text>.*?)(?=^--\n)",
    re.M | re.S,
)
# Which relation or function an entry belongs to: for an index and a column's sequence the statement
# names it, for all others the entry's name does.
BY_TEXT: Final = re.compile(r"(?:ON|ALTER TABLE) public\.(\w+)")
BY_NAME: Final = re.compile(r"(?:(?:TABLE|TYPE|VIEW|COLUMN|FUNCTION|PROCEDURE) )?(\w+)")
ROUTINES: Final = ("FUNCTION", "PROCEDURE")
# Statements of one subject, by kind.
KINDS: Final = (
    "TYPE",
    "TABLE",
    "VIEW",
    *ROUTINES,
    "SEQUENCE",
    "CONSTRAINT",
    "INDEX",
    "TRIGGER",
    "COMMENT",
    "ACL",
)
BODY: Final = re.compile(r"\n    (?:AS \$|RETURN ).*", re.S)
# Settings of the dump's own session, between entries.
SESSION: Final = re.compile(r"^SET .*;\n", re.M)
# TimescaleDB's own, on each hypertable.
INTERNAL: Final = " ts_insert_blocker"

RELATIONS: Final = """
select relname::text from pg_class
where relnamespace = 'public'::regnamespace and relkind in ('c', 'r', 'v')
    and not exists (select from pg_depend where objid = pg_class.oid and deptype = 'e')
order by relkind, oid
"""
DIMENSIONS: Final = """
select hypertable_name::text, column_name::text, time_interval::text
from timescaledb_information.dimensions where hypertable_schema = 'public'
"""


class Entry(NamedTuple):
    """A statement of the dump, or several of one kind about one thing."""

    kind: str
    name: str
    text: str

    @property
    def subject(self) -> str:
        """The relation or function that it belongs to."""
        where = self.text if self.kind in {"INDEX", "SEQUENCE"} else self.name
        found = (BY_TEXT if where is self.text else BY_NAME).search(where)
        assert found is not None, self
        return found[1]

    @property
    def statement(self) -> str:
        """Its text, a function's without the body, which is in a separate file."""
        text = BODY.sub(";", self.text) if self.kind in ROUTINES else self.text
        return re.sub(r"\bpublic\.", "", text)


def schema(database: str) -> str:
    """The whole file, for the URL of a migrated database."""
    subjects = defaultdict(list)
    for entry in _entries(_dump(database)):
        subjects[entry.subject].append(entry)
    with psycopg.connect(database) as connection:
        relations = [name for (name,) in connection.execute(RELATIONS)]
        chunks = {row[0]: _hypertable(*row) for row in connection.execute(DIMENSIONS)}
    functions = sorted(subjects.keys() - set(relations))
    sections = [_section(name, subjects[name], chunks) for name in [*relations, *functions]]
    return "\n\n".join([OPENING, *sections])


def _dump(database: str) -> str:
    given = psycopg.conninfo.conninfo_to_dict(database)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    login = {variable: str(given[name]) for name, variable in names.items()}
    enter = ("chroot", "--userspec=postgres:postgres", str(ROOT))
    command = [*enter, f"{PROGRAMS}/pg_dump", *DUMP, str(given["dbname"])]
    return process.run(command, {"LC_ALL": "C.UTF-8", **login})


def _entries(dump: str) -> Iterator[Entry]:
    for found in ENTRY.finditer(SESSION.sub("", dump)):
        if not found["name"].endswith(INTERNAL):
            yield Entry(found["kind"], found["name"], found["text"].strip())


def _hypertable(name: str, column: str, interval: str) -> str:
    return f"SELECT create_hypertable('{name}', by_range('{column}', interval '{interval}'));"


def _section(name: str, entries: list[Entry], chunks: dict[str, str]) -> str:
    """Everything about one relation or function; comments stand line by line."""
    groups: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for entry in entries:
        groups[entry.kind].append(entry.statement)
    if name in chunks:
        groups["TABLE"].append(chunks[name])
    together = ("\n".join(texts) for texts in groups.values() if texts)
    is_routine = any(groups[kind] for kind in ROUTINES)
    heading = f"{name}: {_file_of(name)}" if is_routine else name
    return f"-- {heading}\n\n" + "\n\n".join(together) + "\n"


def _file_of(routine: str) -> str:
    """The repeatable file that creates a function or procedure, as seen from the repository."""
    heads = [f"create or replace {kind.lower()} {routine}(" for kind in ROUTINES]
    files = [*FILE.parent.glob("common/repeatable/*"), *FILE.parent.glob("apache/repeatable/*")]
    (found,) = (f for f in files if any(h in f.read_text(encoding="utf-8") for h in heads))
    return found.relative_to(REPOSITORY).as_posix()


def main() -> None:
    """Migrates a new database and writes the file."""
    with running_stack() as stack:
        name = f"schema_{uuid4().hex[:16]}"
        with created_database(stack.database_url, name) as database:
            migrate(database)
            FILE.write_text(schema(database), encoding="utf-8")


if __name__ == "__main__":
    main()
