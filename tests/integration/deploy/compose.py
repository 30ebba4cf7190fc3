"""What `docker compose config` makes of a compose file; it needs no engine."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from deploy.local import docker, files, host, process
from tests.stack import REPOSITORY

CACHE = REPOSITORY / ".stack" / "cache"
SUITE = "trixie"


def config(file: Path, variables: dict[str, str]) -> dict[str, Any]:
    """A compose file as Docker Compose understands it; AssertionError where it does not."""
    done = run(file, variables, "--format", "json")
    if done.returncode:
        raise AssertionError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(file: Path, variables: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    """`docker compose config WORDS…` with these variables, whatever comes of it."""
    return subprocess.run(
        [*_program(), "-f", file, "config", *words],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _program() -> list[str | Path]:
    """This machine's Docker Compose, or Debian's, taken out of its package."""
    if docker.succeeds(["docker", "compose", "version"]):
        return ["docker", "compose"]
    folder = CACHE / f"debian-{SUITE}-docker-compose"
    host.ensure(["mmdebstrap"])
    files.build_once(folder, _extract)
    return [folder / "usr" / "libexec" / "docker" / "cli-plugins" / "docker-compose"]


def _extract(folder: Path) -> None:
    process.run(["mmdebstrap", "--variant=extract", "--include=docker-compose", SUITE, folder])
    folder.chmod(0o755)
