"""The stack in containers: `compose.yaml`, driven by the Docker client."""

import shutil
import subprocess
import threading
from pathlib import Path

from deploy.local import process
from deploy.local.cluster import cluster_at
from deploy.local.instance import Instance
from deploy.local.part import Mode, StackError

COMPOSE = Path(__file__).resolve().parent / "compose.yaml"
PORTS = {"kafka": ("kafka", "controller"), "database": ("database",)}
KILL = {"kafka": "SIGKILL", "database": "SIGQUIT"}


class ComposeService:
    """The broker or the database of one instance, as a service of its compose project."""

    def __init__(self, instance: Instance, name: str, turn: threading.Lock) -> None:
        self._instance = instance
        self._turn = turn
        self.name = name
        self.ports = PORTS[name]

    def programs(self) -> list[str]:
        """None: the Docker client was found when the instance was created."""
        return []

    def prepare(self) -> None:
        """Pull the image, unless this engine has it."""
        with self._turn:
            self._compose("create", "--pull", "missing", self.name)

    def start(self) -> None:
        """Start the container, recreated if a port has changed."""
        with self._turn:
            self._compose("up", "--detach", "--no-deps", self.name)

    def await_ready(self) -> None:
        """Return once the container is healthy."""
        with self._turn:
            self._compose("up", "--detach", "--no-deps", "--wait", self.name)
        if self.name == "kafka":
            self._verify_identity()

    def _verify_identity(self) -> None:
        """`StackError` if another broker answers on the published port."""
        kept = self._instance.kept
        port, found = kept.ports["kafka"], cluster_at(kept.ports["kafka"])
        if found != kept.cluster_id:
            other = f"cluster {found} does" if found else "no broker does"
            raise StackError(
                f"kafka: cluster {kept.cluster_id} does not answer on port {port}, {other}; see "
                f"docker compose -p {kept.name} logs kafka"
            )

    def stop(self, mode: Mode) -> None:
        """Stop the container, or kill its process."""
        if mode is Mode.IMMEDIATE and self.pid() is not None:
            self._compose("kill", "--signal", KILL[self.name], self.name)
        self._compose("stop", "--timeout", "60", self.name)

    def pid(self) -> int | None:
        """The pid of the container's first process on the engine's host."""
        container = self._compose("ps", "--all", "--quiet", self.name).strip()
        if not container:
            return None
        pid = process.run(["docker", "inspect", "--format", "{{.State.Pid}}", container]).strip()
        return int(pid) or None

    def erase(self) -> None:
        """Remove the container and its volume."""
        self._compose("rm", "--force", "--stop", self.name)
        volume = f"{self._instance.kept.name}_{self.name}"
        process.run(["docker", "volume", "rm", "--force", volume])

    def _compose(self, *words: str) -> str:
        project = ["docker", "compose", "-p", self._instance.kept.name, "-f", str(COMPOSE)]
        return process.run([*project, *words], variables(self._instance))


def services(instance: Instance) -> list[ComposeService]:
    """The broker and the database of an instance.

    A lock serializes them: two clients that create the project's network concurrently fail.
    """
    turn = threading.Lock()
    return [ComposeService(instance, name, turn) for name in PORTS]


def variables(instance: Instance) -> dict[str, str]:
    """The environment variables of `compose.yaml`."""
    kept = instance.kept
    return {
        "KAFKA_PORT": str(kept.ports["kafka"]),
        "KAFKA_CONTROLLER_PORT": str(kept.ports["controller"]),
        "KAFKA_CLUSTER_ID": kept.cluster_id,
        "DATABASE_PORT": str(kept.ports["database"]),
        "DATABASE_PASSWORD": kept.password,
    }


def answers() -> bool:
    """Whether an engine answers and the client has the compose plugin."""
    return shutil.which("docker") is not None and all(
        succeeds(["docker", *words]) for words in (["compose", "version"], ["info"])
    )


def succeeds(command: list[str]) -> bool:
    """Whether a command succeeds within ten seconds."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def choose_runtime(engine_answers: bool, is_root: bool) -> str:
    """`docker` if an engine answers, else `native`, which needs root for its root folder."""
    if engine_answers:
        return "docker"
    if is_root:
        return "native"
    raise StackError("the local stack needs either root or a running Docker engine")
