"""Validates events when they are handed in; errors name the field and its bound."""

from datetime import UTC, datetime
from typing import Final, TypeVar, get_args

import msgspec

from schemas.events import ID_TAKES, Event, Id

# Older events are never accepted, whatever the settings.
EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)

_Fields = TypeVar("_Fields", bound=msgspec.Struct)


def checked_event(event: Event) -> Event:
    """Returns the event as it will be decoded.

    Raises ValueError that names the field, its bound and the value; TypeError for other objects.
    """
    if not isinstance(event, Event):
        raise TypeError(f"takes one of the events of schemas.events, not {type(event).__name__}")
    taken = checked_fields(event)
    if taken.ts < EARLIEST:
        raise ValueError(
            f"{type(event).__name__}.ts: expected {EARLIEST.isoformat()} or later, "
            f"not {taken.ts.isoformat()}"
        )
    return taken


def checked_fields(fields: _Fields) -> _Fields:
    """Returns a copy of this Struct with validated values; ValueError for an invalid one."""
    kind = type(fields)
    plain = msgspec.to_builtins(fields, builtin_types=(datetime,), enc_hook=_foreign)
    try:
        return msgspec.convert(plain, kind, builtin_types=(datetime,))
    except msgspec.ValidationError as error:
        raise ValueError(_sentence(fields, str(error))) from error


def checked_id(name: str, value: str) -> str:
    """Returns `value`; raises ValueError that names it `name` if it is not a valid id."""
    try:
        return msgspec.convert(value, Id)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} takes {ID_TAKES}, not {value[:140]!r}") from error


def _foreign(_: object) -> dict[str, object]:
    # No field accepts an object, so a value that cannot be encoded fails at its own field.
    return {}


def _sentence(fields: msgspec.Struct, problem: str) -> str:
    problem, _, path = problem.replace("`", "").partition(" - at $.")
    field = next(f for f in msgspec.structs.fields(fields) if f.encode_name == path)
    value = repr(getattr(fields, field.name))[:140]
    return f"{type(fields).__name__}.{field.name}: {_bound(problem, field.type)}, not {value}"


def _bound(problem: str, field_type: object) -> str:
    if problem.startswith("Invalid enum value"):
        return f"expected one of {', '.join(get_args(field_type))}"
    if field_type == Id and "regex" in problem:
        return f"expected {ID_TAKES}"
    return problem[0].lower() + problem[1:]
