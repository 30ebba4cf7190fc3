"""One instance of the stack: its folder, and what is kept there from one run to the next."""

import base64
import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local import environment, files, ports
from deploy.local.part import StackError


def random_cluster_id() -> str:
    """A Kafka cluster id: 16 bytes in URL-safe base64, the first fixed against a leading dash."""
    return base64.urlsafe_b64encode(b"f" + secrets.token_bytes(15)).decode().rstrip("=")


@dataclass
class InstanceRecord:
    """What is remembered in `instance.json`."""

    runtime: str
    cache: str
    name: str = field(default_factory=lambda: f"fleetgauge-{secrets.token_hex(4)}")
    cluster_id: str = field(default_factory=random_cluster_id)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    superuser_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    # Of the database's data, known once they are made: no two clusters share it.
    system_identifier: str = ""
    # Where the instance was made: a copy of its folder is none of its own.
    folder: str = ""
    ports: dict[str, int] = field(default_factory=lambda: dict(ports.FIRST_CHOICE))


@dataclass(frozen=True)
class Instance:
    """An instance in a folder of its own."""

    folder: Path
    kept: InstanceRecord

    @property
    def cache(self) -> Path:
        """The folder of downloads, which it shares with other instances."""
        return Path(self.kept.cache)

    @property
    def env_file(self) -> Path:
        """Where Fleetgauge's settings are written."""
        return self.folder / "env"

    @property
    def logs(self) -> Path:
        """Where the servers' logs are."""
        return self.folder / "logs"

    def save(self) -> None:
        """Write down what is to be remembered, and the settings that follow from it."""
        files.replace(kept_file(self.folder), json.dumps(asdict(self.kept), indent=2) + "\n")
        chosen = self.kept.ports
        values = environment.settings(chosen["kafka"], chosen["database"], self.kept.password)
        files.replace(self.env_file, environment.render(values))

    def forget(self) -> None:
        """Delete what `save` wrote."""
        self.env_file.unlink(missing_ok=True)
        kept_file(self.folder).unlink(missing_ok=True)


def kept_file(folder: Path) -> Path:
    """Where an instance in `folder` remembers itself."""
    return folder / "instance.json"


def load(folder: Path) -> Instance | None:
    """The instance in `folder`, or None where there is none yet.

    `StackError` where the folder is a copy: its servers would be the original's.
    """
    path = kept_file(folder)
    if not path.exists():
        return None
    kept = InstanceRecord(**json.loads(path.read_text()))
    if is_copy(kept, folder):
        raise StackError(
            f"{folder} is a copy of the stack in {kept.folder}, whose database it would use: "
            f"delete {folder} (not the original), and `up` makes a new one"
        )
    kept.folder = str(folder)
    return Instance(folder, kept)


def is_copy(kept: InstanceRecord, folder: Path) -> bool:
    """Whether the folder where the instance was made still has it; else it was moved."""
    if kept.folder in ("", str(folder)):
        return False
    original = kept_file(Path(kept.folder))
    return original.exists() and json.loads(original.read_text())["name"] == kept.name
