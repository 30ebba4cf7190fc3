"""The broker without Docker: Apache Kafka from Maven, one node in KRaft mode."""

import hashlib
import shutil
import signal
import subprocess
from pathlib import Path

from deploy.local import files, process
from deploy.local.cluster import cluster_at
from deploy.local.instance import Instance
from deploy.local.listeners import listener
from deploy.local.part import Mode, StackError
from deploy.local.ports import LOOPBACK

HERE = Path(__file__).resolve().parent
POM = HERE / "pom.xml"
HEAP = ("-Xms256m", "-Xmx512m")
START_SECONDS = 60.0
STOP_SECONDS = 30.0


class Kafka:
    """The broker of one instance."""

    name = "kafka"
    ports: tuple[str, ...] = ("kafka", "controller")

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._folder = instance.folder / "kafka"
        self._data = self._folder / "data"
        self._config = self._folder / "server.properties"
        self._pid_file = instance.folder / "kafka.pid"
        version = hashlib.sha256(POM.read_bytes()).hexdigest()[:8]
        self._log = instance.logs / "kafka.log"
        self._libraries = instance.cache / f"kafka-{version}"

    def programs(self) -> list[str]:
        """Java, and Maven unless the libraries are cached."""
        return ["java"] if self._libraries.exists() else ["java", "mvn"]

    def prepare(self) -> None:
        """Copy the broker's libraries from Maven's repository, once for each `pom.xml`."""
        files.build_once(self._libraries, fetch_libraries)

    def start(self) -> None:
        """Start the broker in a separate session, so that it outlives this process."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._instance.logs.mkdir(exist_ok=True)
        self._config.write_text((HERE / "server.properties").read_text() + self._own_properties())
        self._format()
        with (self._instance.logs / "kafka.out").open("w") as output:
            broker = subprocess.Popen(  # noqa: S603
                self._java("kafka.Kafka", str(self._config)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,
            )
        self._pid_file.write_text(f"{broker.pid}\n")

    def await_ready(self) -> None:
        """Return once this instance's broker, and no other, answers on its port."""
        port = self._instance.kept.ports["kafka"]
        process.until(lambda: self._answers(port), START_SECONDS, lambda: self._trouble(port))

    def stop(self, mode: Mode) -> None:
        """Send SIGTERM, and SIGKILL after 30 s; for `immediate`, SIGKILL at once."""
        pid = self.pid()
        if pid is not None:
            mark = str(self._config)
            clean = mode is Mode.FAST and process.end(pid, mark, signal.SIGTERM, STOP_SECONDS)
            if not clean and not process.end(pid, mark, signal.SIGKILL, STOP_SECONDS):
                raise StackError(f"kafka (process {pid}) does not end")
        self._pid_file.unlink(missing_ok=True)

    def pid(self) -> int | None:
        """The broker's process, if the pid file still names a process of this instance."""
        pid = process.read_pid(self._pid_file)
        return pid if pid is not None and process.owned(pid, str(self._config)) else None

    def erase(self) -> None:
        """Delete the topics and the configuration."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self, port: int) -> bool:
        pid = process.read_pid(self._pid_file)
        if pid is None or not process.runs(pid):
            raise StackError(f"kafka ended during its start; see {self._log}")
        # Another instance's broker may have taken the port first and answer in place of ours.
        return cluster_at(port) == self._instance.kept.cluster_id

    def _trouble(self, port: int) -> str:
        other = cluster_at(port)
        found = f"cluster {other} of {listener(port)} does" if other else "no broker does"
        ours = self._instance.kept.cluster_id
        return f"kafka: cluster {ours} does not answer on port {port}, {found}; see {self._log}"

    def _format(self) -> None:
        """Give a new data folder the cluster's id."""
        if not (self._data / "meta.properties").exists():
            process.run(self._java("kafka.tools.StorageTool", "format", *self._format_words()))

    def _format_words(self) -> list[str]:
        return ["-t", self._instance.kept.cluster_id, "-c", str(self._config)]

    def _own_properties(self) -> str:
        ports = self._instance.kept.ports
        return own_properties(self._data, ports["kafka"], ports["controller"])

    def _java(self, *words: str) -> list[str]:
        options = (
            f"-Dlog4j2.configurationFile={HERE / 'log4j2.xml'}",
            f"-Dfleetgauge.logs={self._instance.logs}",
            "-Djava.net.preferIPv4Stack=true",
            "-Djava.awt.headless=true",
        )
        return ["java", *HEAP, *options, "-cp", f"{self._libraries}/*", *words]


def fetch_libraries(folder: Path) -> None:
    """Copy the dependencies in `pom.xml` into `folder` with Maven."""
    copy = "dependency:copy-dependencies"
    process.run(["mvn", "-q", "-B", "-f", POM, copy, f"-DoutputDirectory={folder}"])


def own_properties(data: Path, port: int, controller_port: int) -> str:
    """The lines of `server.properties` that are specific to one instance."""
    client = f"PLAINTEXT://{LOOPBACK}:{port}"
    controller = f"{LOOPBACK}:{controller_port}"
    return (
        f"\nlog.dirs={data}\n"
        f"listeners={client},CONTROLLER://{controller}\n"
        f"advertised.listeners={client}\n"
        f"controller.quorum.voters=1@{controller}\n"
    )
