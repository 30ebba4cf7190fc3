"""JSON Schema that every validator reads alike, whatever its language.

Patterns are written for Python, where `$` matches before a final line break, too. Go's RE2 has no
look-ahead and no `\\u0000`; the pattern's dialect here is what RE2, ECMA-262 and Python share.
"""

import inspect
from typing import Any, Final

# How a pattern of ours ends in Python, and what says the same without look-ahead.
_PYTHON_END: Final = r"$(?!\n)"
_NO_LINE_BREAK: Final = {"pattern": r"\n"}


def portable(schema: Any) -> Any:
    """The same schema, without what only some validators know."""
    if isinstance(schema, dict):
        kept = {name: value for name, value in schema.items() if not _is_discriminator(name, value)}
        return _with_pattern({name: _value(name, value) for name, value in kept.items()})
    if isinstance(schema, list):
        return [portable(one) for one in schema]
    return schema


def _is_discriminator(name: str, value: Any) -> bool:
    """OpenAPI's keyword, which JSON Schema does not have."""
    return name == "discriminator" and "propertyName" in value


def _value(name: str, value: Any) -> Any:
    # Python 3.13 compiles docstrings without their indentation, versions before it with.
    if name == "description" and isinstance(value, str):
        return inspect.cleandoc(value)
    return portable(value)


def _with_pattern(schema: dict[str, Any]) -> dict[str, Any]:
    pattern = schema.get("pattern")
    if not isinstance(pattern, str):
        return schema
    pattern = pattern.replace(r"\u0000", r"\x00")
    if pattern.endswith(_PYTHON_END):
        ended = pattern.removesuffix(_PYTHON_END) + "$"
        return {**schema, "pattern": ended, "not": _NO_LINE_BREAK}
    return {**schema, "pattern": pattern}
