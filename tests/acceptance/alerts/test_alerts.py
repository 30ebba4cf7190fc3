"""Each alert of deploy/prometheus fires by its cause, and not before: real processes in time-lapse.

All causes are brought about at once, for most of the time is waiting.
"""

import asyncio
from pathlib import Path

import pytest
import yaml

from tests.acceptance.alerts.causes import CAUSES, Cause
from tests.acceptance.alerts.place import opened
from tests.acceptance.alerts.recording import RULES, Recording, rule_test
from tests.integration.deploy.promtool import run
from tests.support.stack import Stack

# One of the causes takes rows from a level, which is a view on the other edition.
pytestmark = pytest.mark.edition("apache")
PAIRS = [(rule, name) for name, cause in CAUSES.items() for rule in cause.rules]


async def _record(name: str, cause: Cause, stack: Stack, folder: Path) -> Recording:
    recording = Recording(name, cause.scrape_s)
    async with opened(stack, folder, recording) as place:
        await cause.bring_about(place)
    return recording


@pytest.fixture(scope="module")
def recordings(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Recording | BaseException]:
    """By cause: the recording, or why there is none."""
    folders = {name: tmp_path_factory.mktemp(name) for name in CAUSES}

    async def record_all() -> dict[str, Recording | BaseException]:
        recording = [_record(n, cause, stack, folders[n]) for n, cause in CAUSES.items()]
        done = await asyncio.gather(*recording, return_exceptions=True)
        return dict(zip(CAUSES, done, strict=True))

    return asyncio.run(record_all())


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("rule", "cause"), PAIRS, ids=[rule for rule, _ in PAIRS])
def test_it_fires_by_its_cause_and_not_before(
    rule: str, cause: str, recordings: dict[str, Recording | BaseException], tmp_path: Path
) -> None:
    recording = recordings[cause]
    if isinstance(recording, BaseException):
        raise recording
    file = tmp_path / "test.yml"
    file.write_text(rule_test(recording, rule), encoding="utf-8")
    done = run("test", "rules", file)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_rule_is_without_a_cause() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = {rule["alert"] for group in groups for rule in group["rules"]}
    assert {rule for rule, _ in PAIRS} == rules
    assert len(PAIRS) == len(rules)
