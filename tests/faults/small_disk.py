"""A disk of a few megabytes below a database of one's own stack, to be filled and cleared."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from tests.faults.own_stack import OwnStack

PAGE_BYTES = 4096
ON_IT = """
select datname from pg_database join pg_tablespace on dattablespace = pg_tablespace.oid
where spcname = %s
"""


class SmallDisk:
    """A tablespace in memory; the server's own files and its log of writes are elsewhere."""

    def __init__(self, folder: Path, tablespace: str) -> None:
        self._ballast = folder / "ballast"
        self._folder = folder
        self.tablespace = tablespace

    def fill(self, but_bytes: int) -> None:
        """Leaves so many bytes free, to the page."""
        free = shutil.disk_usage(self._folder).free
        with self._ballast.open("wb") as ballast:
            for _ in range((free - but_bytes) // PAGE_BYTES):
                ballast.write(bytes(PAGE_BYTES))

    def clear(self) -> None:
        self._ballast.unlink()


@contextmanager
def small_disk(own: OwnStack, size_bytes: int) -> Iterator[SmallDisk]:
    """Mounted within; the databases on it go with it."""
    name = f"small_{uuid4().hex[:8]}"
    folder = own.home / name
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", name, folder], check=True)
    try:
        # The server needs an empty folder for itself.
        data = folder / "data"
        data.mkdir()
        owner = own.home.stat()
        for path in (folder, data):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        with psycopg.connect(own.superuser_url, autocommit=True) as connection:
            place = f"/srv/{own.home.name}/{name}/data"
            make = SQL("create tablespace {} owner fleetgauge location {}")
            connection.execute(make.format(Identifier(name), place))
            yield SmallDisk(folder, name)
            for (database,) in connection.execute(ON_IT, [name]).fetchall():
                # Plain: by force is refused while a worker of the server's own is in it.
                connection.execute(SQL("drop database {}").format(Identifier(database)))
            connection.execute(SQL("drop tablespace {}").format(Identifier(name)))
    finally:
        subprocess.run(["umount", folder], check=True)
