"""The operators' page of settings names every variable with its default, and no other."""

import re
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic_settings import BaseSettings

import fleetgauge
from schemas.settings import PREFIX, DatabaseSettings, HttpSettings, IngestSettings, KafkaSettings

PAGE = Path(__file__).parents[3] / "docs" / "operators" / "settings.md"
GROUPS = (DatabaseSettings, KafkaSettings, IngestSettings, HttpSettings)
ROW = re.compile(r"^\| `(?P<variable>\w+)` \| (?P<default>[^|]+) \| (?P<meaning>[^|]+) \|$", re.M)


def on_the_page() -> list[tuple[str, str]]:
    return [(row["variable"], row["default"].strip("`")) for row in ROW.finditer(PAGE.read_text())]


def in_the_code(group: type[BaseSettings]) -> dict[str, str]:
    return {
        f"{PREFIX}{name.upper()}": "required" if field.is_required() else told(field.default)
        for name, field in group.model_fields.items()
    }


def of_the_command() -> dict[str, str]:
    options = [option for option in fleetgauge.main.params if option.envvar]
    return {str(option.envvar): told(option.default) for option in options}


def told(default: Any) -> str:
    assert not isinstance(default, SecretStr)
    return "none" if default is None else str(default)


def test_page_and_code_agree() -> None:
    expected = of_the_command()
    for group in GROUPS:
        expected |= in_the_code(group)
    assert dict(on_the_page()) == expected


def test_no_variable_is_there_twice() -> None:
    variables = [variable for variable, _ in on_the_page()]
    assert len(variables) == len(set(variables))


def test_these_are_all_the_groups() -> None:
    base: type[BaseSettings] = DatabaseSettings.__mro__[1]
    assert sorted(map(str, base.__subclasses__())) == sorted(map(str, GROUPS))
