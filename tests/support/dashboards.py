"""Grafana's dashboards as Grafana reads them: their panels, queries, macros and variables.

Macros are expanded as Grafana's page "PostgreSQL query editor" documents, for a data source with
TimescaleDB enabled, as ours is. Variables are substituted before macros.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from tests.support.stack import REPOSITORY

FOLDER: Final = REPOSITORY / "deploy" / "grafana"
DASHBOARDS: Final[dict[str, Any]] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted((FOLDER / "dashboards").glob("*.json"))
}
POSTGRESQL: Final = "fleetgauge"
PROMETHEUS: Final = "fleetgauge-prometheus"

_MACRO: Final = re.compile(r"\$(__\w+)\(([^)]*)\)")
_VARIABLE: Final = re.compile(r"\$\{(\w+):(\w+)\}")
_SECONDS: Final = {"m": 60, "h": 3_600, "d": 86_400}
_FORMATS: Final[dict[str, Callable[[str], str]]] = {
    "raw": str,
    "sqlstring": lambda value: "'" + value.replace("'", "''") + "'",
}


@dataclass(frozen=True)
class Target:
    """A panel's query: named `board/title`, with its data source, format and text."""

    name: str
    source: str
    kind: str
    text: str


def provisioned(path: str) -> Any:
    """The content of a provisioning file of Grafana."""
    return yaml.safe_load((FOLDER / "provisioning" / path).read_text(encoding="utf-8"))


def panels(board: str) -> list[Any]:
    """A dashboard's panels, without row titles."""
    return [panel for panel in DASHBOARDS[board]["panels"] if panel["type"] != "row"]


def targets(source: str) -> Iterator[Target]:
    """The queries of all dashboards to this data source."""
    for board in DASHBOARDS:
        for panel in panels(board):
            for target in panel["targets"]:
                if target["datasource"]["uid"] == source:
                    kind = target.get("format", "")
                    text = target["rawSql"] if "rawSql" in target else target["expr"]
                    yield Target(f"{board}/{panel['title']}", source, kind, text)


def annotations(source: str) -> list[Target]:
    """The annotation queries of all dashboards to this data source."""
    return [
        Target(f"{board}/{one['name']}", source, "annotation", one["target"]["rawSql"])
        for board in DASHBOARDS
        for one in DASHBOARDS[board]["annotations"]["list"]
        if one["datasource"]["uid"] == source
    ]


def links(board: str) -> Iterator[tuple[str, str]]:
    """The links in a dashboard's tables, each with its panel's query."""
    for panel in panels(board):
        for override in panel["fieldConfig"].get("overrides", []):
            for made in override["properties"]:
                if made["id"] == "links":
                    for link in made["value"]:
                        yield link["url"], panel["targets"][0]["rawSql"]


def variables(board: str) -> dict[str, Any]:
    """A dashboard's variables by name."""
    return {one["name"]: one for one in DASHBOARDS[board]["templating"]["list"]}


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables substituted; KeyError for an unknown variable."""
    return _VARIABLE.sub(lambda found: _FORMATS[found[2]](values[found[1]]), text)


def expanded(text: str, start: str, stop: str) -> str:
    """SQL with its macros expanded for a time range in ISO 8601; KeyError for an unknown macro."""

    def group(column: str, width: str, _fill: str = "") -> str:
        number, unit = re.fullmatch(r"'(\d+)(\w)'", width).groups()  # type: ignore[union-attr]
        return f"time_bucket('{int(number) * _SECONDS[unit]:.3f}s',{column})"

    macros: dict[str, Callable[..., str]] = {
        "__timeFilter": lambda column: f"{column} BETWEEN '{start}' AND '{stop}'",
        "__timeFrom": lambda _: f"'{start}'",
        "__timeTo": lambda _: f"'{stop}'",
        "__timeGroup": group,
        "__timeGroupAlias": lambda *words: f'{group(*words)} AS "time"',
    }
    return _MACRO.sub(
        lambda found: macros[found[1]](*(word.strip() for word in found[2].split(","))), text
    )
