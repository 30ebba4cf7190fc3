"""The database without Docker: Debian's TimescaleDB in a separate root folder.

All instances of a cache share the root folder; each has its data under `/srv` in it.
"""

import shutil
from pathlib import Path

from deploy.local import files, process
from deploy.local.instance import Instance
from deploy.local.listeners import listener
from deploy.local.part import Mode, StackError
from deploy.local.ports import LOOPBACK

HERE = Path(__file__).resolve().parent
SUITE = "trixie"
PACKAGE = "postgresql-17-timescaledb"
PROGRAMS = "/usr/lib/postgresql/17/bin"
START_SECONDS = 120
STOP_SECONDS = 60


class Timescale:
    """The database of one instance."""

    name = "database"
    ports = ("database",)

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._root = instance.cache / f"debian-{SUITE}-{PACKAGE}"
        # Paths inside the root folder, then the same from outside.
        self._home = f"/srv/{instance.kept.name}"
        self._data = f"{self._home}/data"
        self._outer_home = self._root / "srv" / instance.kept.name
        self._outer_data = self._outer_home / "data"

    def programs(self) -> list[str]:
        """The program that builds the root folder, unless it exists."""
        return [] if self._root.exists() else ["mmdebstrap"]

    def prepare(self) -> None:
        """Build the root folder from Debian's packages, once for each cache."""
        files.build_once(self._root, build_root)

    def start(self) -> None:
        """Start the server on its existing data, or on a new cluster."""
        if not self._outer_data.exists():
            self._create()
        self._clear_stale_pid()
        self._configure()
        self._instance.kept.system_identifier = self._read_identifier()
        self._instance.save()
        try:
            words = ("-w", "-t", str(START_SECONDS), "-l", f"{self._home}/start.log")
            self._control("start", *words)
        except StackError as error:
            raise StackError(f"the database did not start; see {self._logs()}") from error

    def await_ready(self) -> None:
        """Return once the server accepts connections and the application's database exists."""
        process.until(
            self._answers, START_SECONDS, lambda: f"the database is not ready; see {self._logs()}"
        )
        self._verify_identity()
        prepared = self._outer_home / "prepared"
        if not prepared.exists():
            self._psql("template1", (HERE / "database.sql").read_text())
            prepared.touch()

    def stop(self, mode: Mode) -> None:
        """Stop the server with `pg_ctl` and wait for its end."""
        if self.pid() is not None:
            self._control("stop", "-m", mode.value, "-w", "-t", str(STOP_SECONDS))

    def pid(self) -> int | None:
        """The postmaster, if the pid file still names a process of this instance."""
        pid = process.read_pid(self._outer_data / "postmaster.pid")
        return pid if pid is not None and process.owned(pid, self._data) else None

    def erase(self) -> None:
        """Delete the cluster and its logs."""
        if self._outer_home.exists():
            shutil.rmtree(self._outer_home)
        self._log_link().unlink(missing_ok=True)

    def _create(self) -> None:
        """Create a cluster; it gets its final name only when complete."""
        owner = (self._root / "var/lib/postgresql").stat()
        partial, secret = self._outer_home / "partial", self._outer_home / "password"
        self._outer_home.mkdir(exist_ok=True)
        shutil.rmtree(partial, ignore_errors=True)
        files.replace(secret, self._instance.kept.superuser_password)
        for path in (self._outer_home, secret):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        self._inside(
            f"{PROGRAMS}/initdb",
            *("-D", f"{self._home}/partial", "-U", "postgres", "-E", "UTF8"),
            *("--locale-provider=builtin", "--locale=C.UTF-8", "--auth=scram-sha-256"),
            f"--pwfile={self._home}/password",
        )
        secret.unlink()
        partial.rename(self._outer_data)

    def _clear_stale_pid(self) -> None:
        """Wait for processes left by a crash, and delete the stale pid file.

        The server refuses to start if its old pid now belongs to another process of its user, such
        as the server of another instance.
        """
        process.until(
            lambda: not process.working_in(self._outer_data.resolve()),
            STOP_SECONDS,
            lambda: "processes of the last run still use the database",
        )
        (self._outer_data / "postmaster.pid").unlink(missing_ok=True)

    def _configure(self) -> None:
        own = own_settings(self._instance.kept.ports["database"], f"{self._home}/log")
        text = (HERE / "postgresql.conf").read_text()
        (self._outer_data / "postgresql.conf").write_text(text + own)
        self._instance.logs.mkdir(exist_ok=True)
        link = self._log_link()
        link.unlink(missing_ok=True)
        link.symlink_to(self._outer_home / "log")

    def _log_link(self) -> Path:
        return self._instance.logs / "database"

    def _answers(self) -> bool:
        """Whether the server is ready: the eighth line of its pid file has its state."""
        if self.pid() is None:
            raise StackError(f"the database ended during its start; see {self._logs()}")
        lines = (self._outer_data / "postmaster.pid").read_text().splitlines()
        return [line.strip() for line in lines[7:8]] == ["ready"]

    def _logs(self) -> str:
        return f"{self._outer_home}/start.log and {self._log_link()}/"

    def _read_identifier(self) -> str:
        """The system identifier of the data folder."""
        output = self._inside(f"{PROGRAMS}/pg_controldata", "-D", self._data)
        return next(
            line.rpartition(":")[2].strip()
            for line in output.splitlines()
            if line.startswith("Database system identifier")
        )

    def _verify_identity(self) -> None:
        """`StackError` if the server on the port does not serve this instance's data."""
        port, ours = self._instance.kept.ports["database"], self._read_identifier()
        query = "select system_identifier from pg_control_system()"
        try:
            found = self._psql("postgres", query).strip()
        except StackError as error:
            found = str(error)
        if found != ours:
            raise StackError(
                f"the database with system identifier {ours} does not answer on port {port}, "
                f"{listener(port)} does: {found}; see {self._logs()}"
            )

    def _psql(self, database: str, text: str) -> str:
        """Run SQL as the superuser on the instance's port; returns the output."""
        kept = self._instance.kept
        return self._inside(
            f"{PROGRAMS}/psql",
            *("-X", "-q", "-A", "-t", "-h", LOOPBACK, "-p", str(kept.ports["database"])),
            *("-U", "postgres", "-d", database),
            env={"PGPASSWORD": kept.superuser_password, "FLEETGAUGE_PASSWORD": kept.password},
            text=text,
        )

    def _control(self, *words: str) -> None:
        self._inside(f"{PROGRAMS}/pg_ctl", "-D", self._data, *words)

    def _inside(self, *command: str, env: dict[str, str] | None = None, text: str = "") -> str:
        """Run a command in the root folder as the user postgres; returns its output."""
        enter = ["chroot", "--userspec=postgres:postgres", str(self._root)]
        # The caller's home may hold certificates, and this user must not read them.
        own = {"LC_ALL": "C.UTF-8", "HOME": self._home}
        return process.run([*enter, *command], {**own, **(env or {})}, text)


def build_root(folder: Path) -> None:
    """Install Debian's TimescaleDB into `folder`."""
    process.run(["mmdebstrap", "--variant=minbase", f"--include={PACKAGE}", SUITE, folder])
    folder.chmod(0o755)


def own_settings(port: int, log_folder: str) -> str:
    """The lines of `postgresql.conf` that are specific to one instance in a root folder.

    Nothing is mounted in the root folder, so shared memory uses files, and there is no socket.
    """
    return (
        f"\nlisten_addresses = '{LOOPBACK}'\n"
        f"port = {port}\n"
        "unix_socket_directories = ''\n"
        "dynamic_shared_memory_type = mmap\n"
        "logging_collector = on\n"
        f"log_directory = '{log_folder}'\n"
        "log_filename = 'postgresql-%a.log'\n"
        "log_truncate_on_rotation = on\n"
        "log_rotation_age = 1d\n"
    )
