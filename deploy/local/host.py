"""Programs that the stack needs on this machine, and the Debian packages that contain them."""

import os
import shutil
from collections.abc import Collection

from deploy.local import process
from deploy.local.part import StackError

PACKAGES = {
    "java": ("default-jre-headless",),
    "mvn": ("maven",),
    "mmdebstrap": ("mmdebstrap", "debian-archive-keyring"),
}


def is_root() -> bool:
    """Whether this process may change the root folder and install packages."""
    return os.geteuid() == 0


def missing(programs: Collection[str]) -> list[str]:
    """The programs that are not on the path."""
    return [program for program in programs if shutil.which(program) is None]


def ensure(programs: Collection[str]) -> None:
    """Install missing programs; `StackError` without apt or root."""
    absent = missing(programs)
    if not absent:
        return
    if not is_root() or shutil.which("apt-get") is None:
        names = ", ".join(absent)
        raise StackError(f"missing on this machine: {names}; install, or start a Docker engine")
    packages = [package for program in absent for package in PACKAGES[program]]
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    for command in (["apt-get", "update", "-qq"], install):
        process.run(command, {"DEBIAN_FRONTEND": "noninteractive"})
