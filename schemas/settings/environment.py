"""Reads groups of settings from the environment and reports all their problems at once."""

import os
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, TypeVar, overload

from pydantic import Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

PREFIX = "FLEETGAUGE_"
Port = Annotated[int, Field(ge=0, le=65_535)]
Days = Annotated[int, Field(ge=1)]
# Required settings, with the form of their values.
_REQUIRED: Final = {
    "database_url": "postgresql://user:password@host:port/database",
    "kafka_bootstrap": "host:port of the broker, such as localhost:9092",
}
A = TypeVar("A", bound="Settings")
B = TypeVar("B", bound="Settings")
C = TypeVar("C", bound="Settings")


class SettingsError(Exception):
    """Invalid settings: `problems` has one sentence each that names the variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_file(field_name: str) -> str | None:
    """The content of the file that `FLEETGAUGE_X_FILE` names; None if that is not set.

    Raises SettingsError if the file cannot be read.
    """
    variable = f"{PREFIX}{field_name.upper()}_FILE"
    path = os.environ.get(variable)
    if path is None or field_name.endswith("_file"):
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SettingsError([f"{variable}: cannot read {path}: {why}"]) from error


class _FileSource(PydanticBaseSettingsSource):
    """Reads `FLEETGAUGE_X` from the file that `FLEETGAUGE_X_FILE` names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return read_file(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = (self.get_field_value(f, n) for n, f in self.settings_cls.model_fields.items())
        return {name: value for value, name, _ in found if value is not None}


class Settings(BaseSettings):
    """A group of settings. A variable takes precedence over the file that its `…_FILE` names."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, use_attribute_docstrings=True
    )
    # The commands that load this group or a subclass; `title` is its heading on the page.
    commands: ClassVar[tuple[str, ...]]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, _FileSource(settings_cls)


@overload
def load(a: type[A], /) -> tuple[A]: ...
@overload
def load(a: type[A], b: type[B], /) -> tuple[A, B]: ...
@overload
def load(a: type[A], b: type[B], c: type[C], /) -> tuple[A, B, C]: ...
def load(*groups: type[Any]) -> tuple[Any, ...]:
    """Reads these groups from the environment, in order.

    Raises SettingsError with the problems of all of them.
    """
    loaded: list[Any] = []
    problems: list[str] = []
    for group in groups:
        try:
            loaded.append(group())
        except ValidationError as error:
            problems += [_sentence(problem) for problem in error.errors(include_input=False)]
        except SettingsError as error:
            problems += error.problems
    if problems:
        raise SettingsError(problems)
    return tuple(loaded)


def _sentence(problem: Any) -> str:
    message = problem["msg"].removeprefix("Value error, ")
    if not problem["loc"]:
        return str(message)
    variable = f"{PREFIX}{str(problem['loc'][0]).upper()}"
    if problem["type"] == "missing":
        return f"{variable} is not set: it takes {_REQUIRED[problem['loc'][0]]}"
    return f"{variable}: {message}"
