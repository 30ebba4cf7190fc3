"""Prometheus' own tool: this machine's, or Debian's, taken out of its package."""

import shutil
import subprocess
from pathlib import Path

from tests.integration.deploy.debian import extracted


def run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    """`promtool WORDS…`, whatever comes of it."""
    return subprocess.run([_program(), *words], capture_output=True, text=True, check=False)


def _program() -> str | Path:
    return shutil.which("promtool") or extracted("prometheus") / "usr" / "bin" / "promtool"
