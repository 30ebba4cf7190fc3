"""One instance of the stack: its folder, and its state between runs."""

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from deploy.local import environment, files, ports
from deploy.local.part import StackError


def random_cluster_id() -> str:
    """A Kafka cluster id: 16 bytes in URL-safe base64, the first fixed to avoid a dash."""
    return base64.urlsafe_b64encode(b"f" + secrets.token_bytes(15)).decode().rstrip("=")


@dataclass
class InstanceRecord:
    """The contents of `instance.json`."""

    runtime: str
    cache: str
    name: str = field(default_factory=lambda: f"fleetgauge-{secrets.token_hex(4)}")
    cluster_id: str = field(default_factory=random_cluster_id)
    password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    superuser_password: str = field(default_factory=lambda: secrets.token_urlsafe(18))
    # Of the database cluster, unique; empty until it is created.
    system_identifier: str = ""
    # The folder of the instance, to detect a copy of it.
    folder: str = ""
    ports: dict[str, int] = field(default_factory=lambda: dict(ports.FIRST_CHOICE))


@dataclass(frozen=True)
class Instance:
    """An instance and its folder."""

    folder: Path
    kept: InstanceRecord

    @property
    def cache(self) -> Path:
        """The folder of downloads, shared with other instances."""
        return Path(self.kept.cache)

    @property
    def env_file(self) -> Path:
        """The file of Fleetgauge's settings."""
        return self.folder / "env"

    @property
    def logs(self) -> Path:
        """The folder of the servers' logs."""
        return self.folder / "logs"

    def save(self) -> None:
        """Write the record, and the settings derived from it."""
        files.replace(kept_file(self.folder), json.dumps(asdict(self.kept), indent=2) + "\n")
        chosen = self.kept.ports
        values = environment.settings(chosen["kafka"], chosen["database"], self.kept.password)
        files.replace(self.env_file, environment.render(values))

    def forget(self) -> None:
        """Delete the files that `save` writes."""
        self.env_file.unlink(missing_ok=True)
        kept_file(self.folder).unlink(missing_ok=True)


def kept_file(folder: Path) -> Path:
    """The path of the record of an instance in `folder`."""
    return folder / "instance.json"


def load(folder: Path) -> Instance | None:
    """The instance in `folder`, None if there is none yet.

    `StackError` if the folder is a copy, whose servers would be the original's.
    """
    path = kept_file(folder)
    if not path.exists():
        return None
    kept = InstanceRecord(**json.loads(path.read_text()))
    if is_copy(kept, folder):
        raise StackError(
            f"{folder} is a copy of the stack in {kept.folder}, whose database it would use: "
            f"delete {folder} (not the original), and `up` creates a new one"
        )
    if kept.folder not in ("", str(folder)):
        kept.cache = str(moved_cache(Path(kept.cache), Path(kept.folder), folder))
    kept.folder = str(folder)
    return Instance(folder, kept)


def moved_cache(cache: Path, before: Path, after: Path) -> Path:
    """The cache of an instance that was moved from one folder to another.

    A cache in the same repository has moved along, even if there is a new one in its old place.
    """
    along = Path(os.path.normpath(after / os.path.relpath(cache, before)))
    return along if cache.is_relative_to(before.parent) and along.exists() else cache


def is_copy(kept: InstanceRecord, folder: Path) -> bool:
    """Whether the instance still exists in its original folder; else it was moved."""
    if kept.folder in ("", str(folder)):
        return False
    original = kept_file(Path(kept.folder))
    return original.exists() and json.loads(original.read_text())["name"] == kept.name
