"""Writes the operators' page of settings from their groups: `make pages`."""

import textwrap
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import rich_click as click

import fleetgauge
from schemas.settings import GROUPS, PREFIX, Settings

PAGE: Final = Path(__file__).parents[2] / "docs" / "operators" / "settings.md"
OPENING: Final = """\
<!-- Written by `make pages` from schemas/settings: change the text there. -->
# Settings

Fleetgauge reads its settings from environment variables. A variable with the suffix `_FILE` names \
a file that holds the value: `FLEETGAUGE_DATABASE_URL_FILE`, `FLEETGAUGE_KAFKA_PASSWORD_FILE`, \
`FLEETGAUGE_JWT_SECRET_FILE`. This works for every setting except `FLEETGAUGE_LOG_LEVEL` and those \
that already name a file. The variable itself takes precedence over the file.

Invalid settings end the command with status 2 and one sentence for each, all at once. These \
sentences and the log never contain a secret: they show `[redacted]` instead.
"""
HEAD: Final = "| variable | takes | default | meaning |\n|---|---|---|---|\n"
# A setting's unit is the end of its name.
UNITS: Final = {
    "_ms": "milliseconds",
    "_minutes": "minutes",
    "_days": "days",
    "_bytes": "bytes",
    "_per_s": "a second",
    "_s": "seconds",
}


def page() -> str:
    """The whole page, a table for each group."""
    return "\n".join([OPENING, *map(_section, GROUPS), _of_all_commands()])


def _section(group: type[Settings]) -> str:
    title, _, more = (group.__doc__ or "").partition("\n\n")
    heading = group.model_config["title"]
    text = " ".join(textwrap.dedent(more).split())
    opening = f"## {heading}\n\n{title.strip()} Read by {_listed(group.commands)}."
    rows = "".join(_row(name, about) for name, about in _own(group).items())
    return f"{opening}{' ' if text else ''}{text}\n\n{HEAD}{rows}"


def _own(group: type[Settings]) -> dict[str, dict[str, Any]]:
    """The JSON Schema of each setting that the group itself declares."""
    fields = group.model_json_schema()["properties"]
    return {name: _given(fields[name]) for name in group.__annotations__ if name in fields}


def _given(about: dict[str, Any]) -> dict[str, Any]:
    """The same without the null of an optional setting."""
    return {**about, **next(iter(about.get("anyOf", ())), {})}


def _row(name: str, about: dict[str, Any]) -> str:
    meaning = " ".join(about["description"].split())
    default = f"`{_shown(about['default'])}`" if about.get("default") is not None else "none"
    default = default if "default" in about else "required"
    return f"| `{PREFIX}{name.upper()}` | {_takes(name, about)} | {default} | {meaning} |\n"


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _takes(name: str, about: dict[str, Any]) -> str:
    if "enum" in about:
        return _listed(about["enum"])
    if about["type"] == "integer":
        unit = next((f" {unit}" for end, unit in UNITS.items() if name.endswith(end)), "")
        return _bounds(about["minimum"], about.get("maximum")) + unit
    if about["type"] == "boolean":
        return "`true`, `false`"
    return {"path": "a file", "password": "text, secret"}.get(about.get("format", ""), "text")


def _bounds(least: int, most: int | None) -> str:
    return f"{least:,} or more" if most is None else f"{least:,} to {most:,}"


def _of_all_commands() -> str:
    rows = "".join(
        f"| `{option.envvar}` | {_choices(option.type)} | `{option.default}` | {option.help} |\n"
        for option in fleetgauge.main.params
        if isinstance(option, click.Option) and option.envvar
    )
    return f"## All commands\n\n{HEAD}{rows}"


def _choices(of: object) -> str:
    return _listed(of.choices) if isinstance(of, click.Choice) else "text"


def _listed(choices: Iterable[str]) -> str:
    return ", ".join(f"`{choice}`" for choice in choices)
