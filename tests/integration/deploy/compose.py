"""What `docker compose config` makes of a compose file; it needs no engine."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deploy.local import docker
from tests.integration.deploy.debian import extracted


def config(file: Path, variables: dict[str, str], *over: Path) -> dict[str, Any]:
    """A compose file, and others over it, as Docker Compose understands them.

    AssertionError where it does not.
    """
    done = run(file, variables, "--format", "json", over=over)
    if done.returncode:
        raise AssertionError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(
    file: Path, variables: dict[str, str], *words: str, over: Sequence[Path] = ()
) -> "subprocess.CompletedProcess[str]":
    """`docker compose config WORDS…` with these variables, whatever comes of it."""
    files_given = [word for path in (file, *over) for word in ("-f", path)]
    return subprocess.run(
        [*_program(), *files_given, "config", *words],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def _program() -> list[str | Path]:
    """This machine's Docker Compose, or Debian's, taken out of its package."""
    if docker.succeeds(["docker", "compose", "version"]):
        return ["docker", "compose"]
    folder = extracted("docker-compose")
    return [folder / "usr" / "libexec" / "docker" / "cli-plugins" / "docker-compose"]
