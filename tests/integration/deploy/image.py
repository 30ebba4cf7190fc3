"""Carries out the Dockerfile's instructions in root folders: an image without a Docker engine.

What Debian's image holds, mmdebstrap makes out of the same packages. Commands run by chroot.
"""

import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from deploy.local import files, host, process
from tests.support.stack import REPOSITORY

DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"
CACHE = REPOSITORY / ".stack" / "cache"
# Debian 13.
SUITE = "trixie"
# How this machine reaches package registries; an engine's machine may need none of it.
PASSED_ON = ("PIP_DEFAULT_TIMEOUT", "http_proxy", "https_proxy", "no_proxy")
CHROOT = shutil.which("chroot") or "chroot"
CERTIFICATES = "host-certificates.crt"


@dataclass
class Stage:
    """A root folder, and what its instructions have set so far."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    folder: str = "/"
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)

    def command(self, words: Sequence[str]) -> list[str]:
        """How to run these words in the image as its user."""
        path = f"PATH={self.env['PATH']}"
        return [CHROOT, f"--userspec={self.user}", str(self.root), "env", path, *words]

    def run(self, *words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        """Runs words in the image to their end, whatever comes of them."""
        return subprocess.run(
            self.command(words), env=self.env | env, capture_output=True, text=True, check=False
        )


def instructions(text: str) -> list[tuple[str, str]]:
    """The name of each instruction, and the rest of it in one line."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ").splitlines()
    parts = [line.split(maxsplit=1) for line in whole]
    return [(name, rest) for name, rest in parts]


def build(folder: Path) -> Stage:
    """Carries out the Dockerfile under `folder`; the last stage. StackError where a step fails."""
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for number, (name, rest) in enumerate(instructions(DOCKERFILE.read_text())):
        if name == "FROM":
            base, _, alias = rest.partition(" AS ")
            stage = stages[alias] = _from(stages.get(base), folder / str(number))
        elif stage is not None:
            _STEPS[name](stage, rest, stages)
    if stage is None:
        raise AssertionError("the Dockerfile has no FROM")
    return stage


def _from(base: Stage | None, root: Path) -> Stage:
    if base is None:
        host.ensure(["mmdebstrap"])
        debian = CACHE / f"debian-{SUITE}-minbase"
        files.build_once(debian, _bootstrap)
        copied, env = debian, {}
    else:
        copied, env = base.root, base.env
    process.run(["cp", "-a", "--reflink=auto", copied, root])
    # Names are looked up, and certificates trusted, as on this machine.
    shutil.copy("/etc/resolv.conf", root / "etc" / "resolv.conf")
    if "SSL_CERT_FILE" in os.environ:
        shutil.copy(os.environ["SSL_CERT_FILE"], root / CERTIFICATES)
    stage = Stage(root)
    stage.env |= env
    return stage


def _bootstrap(folder: Path) -> None:
    process.run(["mmdebstrap", "--variant=minbase", SUITE, folder])
    folder.chmod(0o755)


def _run(stage: Stage, rest: str, _: Mapping[str, Stage]) -> None:
    outside = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    if (stage.root / CERTIFICATES).exists():
        outside |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), f"/{CERTIFICATES}")
    done = stage.run("sh", "-c", f"cd {stage.folder} && {rest}", HOME="/root", **outside)
    if done.returncode:
        raise AssertionError(f"RUN {rest}\n{done.stdout[-2_000:]}\n{done.stderr[-4_000:]}")


def _copy(stage: Stage, rest: str, stages: Mapping[str, Stage]) -> None:
    words = rest.split()
    source = REPOSITORY
    if words[0].startswith("--from="):
        source = stages[words.pop(0).removeprefix("--from=")].root
    *names, target = words
    goal = stage.root / (PurePosixPath(stage.folder) / target).relative_to("/")
    for name in names:
        found = source / name.strip("/")
        if found.is_dir():
            # As Dockerfile.dockerignore has it.
            ignore = shutil.ignore_patterns("__pycache__") if source is REPOSITORY else None
            shutil.copytree(found, goal, symlinks=True, ignore=ignore)
        else:
            shutil.copy(found, goal)


def _env(stage: Stage, rest: str, _: Mapping[str, Stage]) -> None:
    stage.env |= dict(word.split("=", 1) for word in shlex.split(rest))


def _workdir(stage: Stage, rest: str, _: Mapping[str, Stage]) -> None:
    stage.folder = rest
    (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)


def _user(stage: Stage, rest: str, _: Mapping[str, Stage]) -> None:
    stage.user = rest


def _entrypoint(stage: Stage, rest: str, _: Mapping[str, Stage]) -> None:
    stage.entrypoint = json.loads(rest)


_STEPS: dict[str, Any] = {
    "RUN": _run,
    "COPY": _copy,
    "ENV": _env,
    "WORKDIR": _workdir,
    "USER": _user,
    "ENTRYPOINT": _entrypoint,
}
