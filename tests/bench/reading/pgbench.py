"""Runs a named query with `pgbench -M prepared`, for the rate of the database alone."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from deploy.local.instance import load
from deploy.local.timescale import PACKAGE, PROGRAMS, SUITE
from query.database import SESSION
from sql.named import query
from tests.bench.measurement import NotHereError
from tests.bench.reading.endpoints import Endpoint
from tests.bench.reading.load import Load
from tests.support.stack import REPOSITORY

Parameters = Mapping[str, object]
# The casts that the driver declares; it declares no type for other values either.
TYPES: Final[tuple[tuple[type, bytes], ...]] = (
    (datetime, b"::timestamptz"),
    (date, b"::date"),
    (timedelta, b"::interval"),
)
# pgbench has random numbers only.
USER: Final = b"('user-' || :user::text)"


def run(database: str, endpoint: Endpoint, users: int, clients: int, seconds: int) -> Load:
    """Run at full rate for random users; NotHereError without pgbench."""
    command, root = _program()
    with TemporaryDirectory(dir=root / "tmp") as folder:
        Path(folder).chmod(0o755)
        file = Path(folder) / "script"
        file.write_bytes(script(query(endpoint.query), endpoint.parameters, users))
        options = ["-n", "-M", "prepared", "-j", "1", "-T", str(seconds), "-c", str(clients)]
        for name, value in endpoint.parameters.items():
            options += ["-D", f"{name}={_text(value)}"]
        done = subprocess.run(
            [*command, *options, "-f", f"/{file.relative_to(root)}", database],
            env={**os.environ, "PGOPTIONS": SESSION.options()},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"pgbench ended with {done.returncode}: {done.stderr[-300:]}")
    return parsed(done.stdout)


def parsed(text: str) -> Load:
    """The figures in the output of pgbench."""
    runs = int(_number(r"actually processed: (\d+)", text))
    return Load(
        requests=runs,
        seconds=runs / _number(r"^tps = (\S+)", text),
        failed=int(_number(r"failed transactions: (\d+)", text)),
        took={"mean ms": _number(r"^latency average = (\S+)", text)},
    )


def _number(pattern: str, text: str) -> float:
    found = re.search(pattern, text, re.M)
    if found is None:
        raise RuntimeError(f"the output of pgbench lacks {pattern}: {text}")
    return float(found[1])


def script(text: bytes, parameters: Parameters, users: int) -> bytes:
    """The query as a pgbench script, with variables named like the parameters."""

    def variable(found: re.Match[bytes]) -> bytes:
        name = found[1].decode()
        if name == "user_id":
            return USER
        value = parameters[name]
        return b"null" if value is None else b":%b%b" % (found[1], _cast(value))

    lines = [line for line in text.splitlines() if not line.lstrip().startswith(b"--")]
    statement = re.sub(rb"%\((\w+)\)s", variable, b"\n".join(lines))
    return b"\\set user random(0, %d)\n%b;\n" % (users - 1, statement)


def _cast(value: object) -> bytes:
    if isinstance(value, list):
        return _cast(value[0]) + b"[]"
    return next((cast for kind, cast in TYPES if isinstance(value, kind)), b"")


def _text(value: object) -> str:
    """The value of a variable; an array as PostgreSQL writes it."""
    return f"{{{','.join(map(str, value))}}}" if isinstance(value, list) else str(value)


def _program() -> tuple[list[str], Path]:
    """The command and its root folder: the stack's pgbench, else the one on the PATH."""
    instance = load(REPOSITORY / ".stack" / "test")
    if instance:
        root = instance.cache.resolve() / f"debian-{SUITE}-{PACKAGE}"
        if (root / PROGRAMS[1:] / "pgbench").exists():
            return ["chroot", str(root), f"{PROGRAMS}/pgbench"], root
    if found := shutil.which("pgbench"):
        return [found], Path("/")
    raise NotHereError("pgbench is not installed")
