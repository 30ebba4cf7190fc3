"""The overlays that readers write from the pages are rendered by kubectl, with their image."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.markdown import blocks
from tests.support.stack import REPOSITORY

PAGES = ("docs/operate.md", "docs/operators/kubernetes.md")


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl here")
@pytest.mark.parametrize("page", PAGES)
def test_the_overlay_names_the_image(page: str, tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    shutil.copytree(REPOSITORY / "deploy/kubernetes", tmp_path / "deploy/kubernetes")
    (written,) = [
        block.text
        for block in blocks(page, "sh")
        if "my-overlay <<" in block.text or "my-overlay/kustomization.yaml" in block.text
    ]
    subprocess.run(["bash", "-eu", "-c", written], cwd=tmp_path, check=True)
    done = subprocess.run(
        ["kubectl", "kustomize", "my-overlay"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("image: registry.example/fleetgauge:0.1.0") >= 3
    assert "image: fleetgauge" not in done.stdout
