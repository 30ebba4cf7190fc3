"""A separate database server, on which the tests run the commands of the backup page."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from deploy.local import running
from deploy.local.environment import parse
from deploy.local.instance import Instance, InstanceRecord
from deploy.local.part import Mode
from deploy.local.ports import LOOPBACK
from deploy.local.timescale import PROGRAMS, Timescale
from tests.support.markdown import blocks
from tests.support.stack import REPOSITORY

PAGE: Final = "docs/operators/backup.md"
# The search for a free port begins here.
FIRST_PORT: Final = 15_632


class BackedUp(Timescale):
    """The stack's database server, with a shell of its user."""

    def __init__(self, instance: Instance) -> None:
        super().__init__(instance)
        self._kept = instance.kept
        self._more = ""
        self.url = ""

    def _configure(self) -> None:
        super()._configure()
        with (self._outer_data / "postgresql.conf").open("a") as settings:
            # No fsync: the tests do not simulate a crash of the machine.
            settings.write(f"shared_buffers = 64MB\nfsync = off\n{self._more}")

    def restart_with(self, settings: str) -> None:
        """Restarts the server with these additional lines in `postgresql.conf`."""
        self._more = self._here(settings)
        self.stop(Mode.FAST)
        self.start()
        self.await_ready()

    def do(self, commands: str) -> str:
        """Runs shell commands as the user `postgres`, and returns their output.

        Raises AssertionError if a command fails.
        """
        enter = ["chroot", "--userspec=postgres:postgres", str(self._root)]
        login = {
            "PGHOST": LOOPBACK,
            "PGPORT": str(self._kept.ports["database"]),
            "PGUSER": "postgres",
            "PGPASSWORD": self._kept.superuser_password,
        }
        done = subprocess.run(
            [*enter, "bash", "-eu", "-o", "pipefail"],
            env={"PATH": f"{PROGRAMS}:/usr/sbin:/usr/bin:/bin", "LC_ALL": "C.UTF-8", **login},
            input=f"mkdir -p {self._home}/backups\n{self._here(commands)}",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{commands}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _here(self, text: str) -> str:
        """The commands with Debian's cluster and folders replaced by this server's."""
        server = f"pg_ctl -D {self._data} -w -l {self._home}/start.log"
        words = {
            "pg_ctlcluster 17 main stop --mode": f"{server} stop -m",
            "pg_ctlcluster 17 main start": f"{server} start",
            "/var/lib/postgresql/17/main": self._data,
            "/var/backups/fleetgauge": f"{self._home}/backups",
        }
        for written, here in words.items():
            text = text.replace(written, here)
        return text

    def now(self) -> str:
        """The server's time, in the format of a setting."""
        return self.do("psql -At -d postgres -c 'select clock_timestamp()'").strip()

    def archive_all(self) -> None:
        """Waits until all WAL is archived."""
        self.do(
            "wal=$(psql -At -d postgres -c 'select pg_walfile_name(pg_switch_wal())')\n"
            'until [ -f "/var/backups/fleetgauge/wal/$wal" ]; do sleep 0.05; done'
        )


@contextmanager
def backed_up_server(folder: Path) -> Iterator[BackedUp]:
    """A server in a new folder; removed at the end."""
    cache = REPOSITORY / ".stack" / "cache"
    ports = {"database": FIRST_PORT, "kafka": 0, "controller": 0}
    instance = Instance(folder, InstanceRecord("native", str(cache), ports=ports))
    server = BackedUp(instance)
    try:
        running.bring_up(instance, [server])
        server.url = parse(instance.env_file.read_text())["FLEETGAUGE_DATABASE_URL"]
        yield server
    finally:
        server.stop(Mode.IMMEDIATE)
        server.erase()


def commands(heading: str, language: str = "sh") -> list[str]:
    """The page's code blocks in this language below a heading, in order."""
    lines = (REPOSITORY / PAGE).read_text(encoding="utf-8").splitlines()
    first = lines.index(f"## {heading}") + 1
    headings = [number for number, line in enumerate(lines, 1) if line.startswith("## ")]
    last = min((number for number in headings if number > first), default=len(lines) + 1)
    return [block.text for block in blocks(PAGE, language) if first < block.line < last]
