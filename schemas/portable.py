"""Makes JSON Schema portable between validators in any language.

Our patterns are written for Python, where `$` also matches before a final line break. Go's RE2 has
neither look-ahead nor `\\u0000`; the output uses only syntax that RE2, ECMA-262 and Python share.
"""

import inspect
from typing import Any, Final

# The end of our patterns in Python, and its equivalent without look-ahead.
_PYTHON_END: Final = r"$(?!\n)"
_NO_LINE_BREAK: Final = {"pattern": r"\n"}


def portable(schema: Any) -> Any:
    """The same schema in the portable subset."""
    if isinstance(schema, dict):
        kept = {name: value for name, value in schema.items() if not _is_discriminator(name, value)}
        return _with_pattern({name: _value(name, value) for name, value in kept.items()})
    if isinstance(schema, list):
        return [portable(one) for one in schema]
    return schema


def _is_discriminator(name: str, value: Any) -> bool:
    """Whether it is OpenAPI's keyword, which JSON Schema does not have."""
    return name == "discriminator" and "propertyName" in value


def _value(name: str, value: Any) -> Any:
    # Python 3.13 strips a docstring's indentation, older versions do not.
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
