"""Programs out of Debian's packages, for tests that run one which this machine has not."""

from pathlib import Path

from deploy.local import files, host, process
from tests.support.stack import REPOSITORY

SUITE = "trixie"


def extracted(package: str) -> Path:
    """The folder with a package's files, and those of what it needs; kept for the next time."""
    folder = REPOSITORY / ".stack" / "cache" / f"debian-{SUITE}-{package}"

    def extract(target: Path) -> None:
        process.run(["mmdebstrap", "--variant=extract", f"--include={package}", SUITE, target])
        target.chmod(0o755)

    host.ensure(["mmdebstrap"])
    files.build_once(folder, extract)
    return folder
