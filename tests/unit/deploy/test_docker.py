"""Containers or not, and what the compose file is given."""

import re
from pathlib import Path

import pytest

from deploy.local import docker
from deploy.local.instance import Instance, InstanceRecord
from deploy.local.part import StackError


@pytest.mark.parametrize(
    ("engine_answers", "is_root", "runtime"),
    [(True, False, "docker"), (True, True, "docker"), (False, True, "native")],
)
def test_choose_runtime(engine_answers: bool, is_root: bool, runtime: str) -> None:
    assert docker.choose_runtime(engine_answers, is_root) == runtime


def test_without_an_engine_and_without_root_there_is_no_way() -> None:
    with pytest.raises(StackError, match="root or a running Docker engine"):
        docker.choose_runtime(engine_answers=False, is_root=False)


def test_compose_takes_exactly_the_variables_it_is_given(tmp_path: Path) -> None:
    given = docker.variables(Instance(tmp_path, InstanceRecord("docker", str(tmp_path))))
    taken = set(re.findall(r"\$\{(\w+)", docker.COMPOSE.read_text()))
    assert taken == set(given)
