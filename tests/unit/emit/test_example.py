"""The example that the page shows is the one that the fault tests run."""

from inspect import signature

from emit import Emitter
from tests.faults.test_emitter_broker_away import EXAMPLE
from tests.support.markdown import blocks
from tests.support.stack import REPOSITORY


def test_the_page_shows_the_example_that_runs() -> None:
    shown = [block.text for block in blocks("docs/agents/emitter.md", "python")]
    assert EXAMPLE.read_text(encoding="utf-8") in shown


def test_the_page_names_every_option() -> None:
    page = (REPOSITORY / "docs" / "agents" / "emitter.md").read_text(encoding="utf-8")
    options = set(signature(Emitter).parameters) - {"bootstrap", "user_id", "clock"}
    assert {name for name in options if f"`{name}`" not in page} == set()
