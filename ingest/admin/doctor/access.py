"""Checks of access to the database: encoding, read-only default, and the role's rights."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row
from psycopg.sql import Identifier

from ingest.admin.doctor.finding import Finding, ok, problem
from sql.migrate import ENCODING
from sql.named import query

# The number of names in a sentence; further ones are only counted.
NAMED: Final = 8


@dataclass(frozen=True, slots=True)
class MissingPrivilege:
    """A privilege that this role lacks; `kind` and `name` are in the syntax of GRANT."""

    privilege: str
    kind: str
    name: str


async def examine_access(connection: AsyncConnection[Any]) -> list[Finding]:
    """Findings on encoding, read-only default and rights; raises psycopg's errors."""
    cursor = await connection.execute("show default_transaction_read_only")
    ((read_only,),) = await cursor.fetchall()
    async with connection.cursor(row_factory=class_row(MissingPrivilege)) as rights:
        await rights.execute(query("read_rights"))
        lacking = await rights.fetchall()
    encoding = connection.info.parameter_status("server_encoding") or ""
    return [
        *examine_encoding(encoding),
        *_examine_read_only(read_only),
        *examine_rights(lacking, connection.info.user),
    ]


def examine_encoding(encoding: str) -> list[Finding]:
    """Whether the database can store every text that agents send."""
    if encoding == ENCODING:
        return []
    says = f"the database's encoding is {encoding}, which cannot store every text of agents"
    fix = f"create a database with encoding '{ENCODING}' and template template0, and migrate it"
    return [problem("database", says, fix)]


def _examine_read_only(setting: str) -> list[Finding]:
    if setting == "off":
        return []
    says = "default_transaction_read_only is on for this database or role: nothing can be stored"
    fix = "alter database … reset default_transaction_read_only, once writes are allowed again"
    return [problem("database", says, fix)]


def examine_rights(lacking: Sequence[MissingPrivilege], role: str) -> list[Finding]:
    """A finding for each privilege and kind of object, with the GRANT that adds it."""
    if not lacking:
        return [ok("rights", f"the role {role} has all rights that ingest needs")]
    grantee = Identifier(role).as_string()
    found = []
    for (kind, privilege), rights in groupby(lacking, lambda right: (right.kind, right.privilege)):
        names = [right.name for right in rights]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        says = f"the role {role} lacks {privilege} on {kind} {', '.join(names[:NAMED])}{more}"
        fix = f"grant {privilege} on {kind} {', '.join(names)} to {grantee}"
        found.append(problem("rights", says, fix, privilege=privilege, kind=kind, names=names))
    return found
