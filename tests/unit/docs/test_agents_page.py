"""The agents' page shows what is in the programs, and its examples are events."""

import json
import re
from typing import Any, Final, get_args

import pytest

from schemas.events import Event
from schemas.settings import PREFIX, KafkaSettings
from tests.support.markdown import Block, blocks, text_of
from tests.support.producers import EMITTER, FOLDER, PLAIN
from tests.unit.schemas.test_asyncapi import payload
from tests.unit.schemas.test_events import decode

PAGE: Final = "docs/agents.md"
PAGES: Final = (PAGE, "docs/agents/sending.md", "docs/agents/emitter.md")
PROGRAMS: Final = {
    name: (FOLDER / name.replace("go", "go/main.go")).read_text(encoding="utf-8")
    for name in (EMITTER, *PLAIN)
}
SHOWN: Final = [block for block in blocks(PAGE) if block.language in {"python", "js", "go"}]


def events() -> list[dict[str, Any]]:
    """Each example of an event on the pages for agents, those of an array by themselves."""
    written = [json.loads(block.text) for page in PAGES for block in blocks(page, "json")]
    return [e for value in written for e in (value if isinstance(value, list) else [value])]


@pytest.mark.parametrize("block", SHOWN, ids=str)
def test_what_is_shown_is_in_the_program_named_before_it(block: Block) -> None:
    above = "\n".join(text_of(PAGE).splitlines()[: block.line])
    name = re.findall(r"\]\(agents/producers/([\w.]+)", above)
    named = EMITTER if block is SHOWN[0] else name[-1]
    assert block.text in PROGRAMS[named]


def test_a_part_of_every_program_is_shown() -> None:
    assert all(any(block.text in text for block in SHOWN) for text in PROGRAMS.values())


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_takes_settings_by_fleetgauges_names(program: str) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in KafkaSettings.model_fields}
    assert set(re.findall(rf"{PREFIX}\w+", PROGRAMS[program])) <= known


@pytest.mark.parametrize("program", PLAIN)
def test_a_plain_program_takes_login_and_authority(program: str) -> None:
    names = ("KAFKA_BOOTSTRAP", "KAFKA_SECURITY_PROTOCOL", "KAFKA_CA_FILE", "SAMPLES_TOPIC")
    login = ("KAFKA_SASL_MECHANISM", "KAFKA_USERNAME", "KAFKA_PASSWORD")
    assert all(f"{PREFIX}{name}" in PROGRAMS[program] for name in names + login)


@pytest.mark.parametrize("event", events(), ids=lambda event: str(event["type"]))
def test_an_example_is_an_event(event: dict[str, Any]) -> None:
    decode(event)
    payload(event["type"]).validate(event)


def test_every_event_has_an_example() -> None:
    kinds = {kind.__struct_config__.tag for kind in get_args(Event)}
    assert {event["type"] for event in events()} == kinds
