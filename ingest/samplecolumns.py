"""The numbers of a sample as columns, derived from the fields of `schemas.events.Sample`.

Required numbers are counts, `integer` in the table; optional ones are measures, `real`.
"""

from typing import Any, Final

import msgspec
import polars as pl
from msgspec import inspect

from schemas.events import Sample

FIELDS: Final = {field.name: field for field in msgspec.structs.fields(Sample)}


def type_of(name: str) -> Any:
    """A field's type as msgspec inspects it, without `None`."""
    found = inspect.type_info(FIELDS[name].type)
    if isinstance(found, inspect.UnionType):
        (found,) = (one for one in found.types if not isinstance(one, inspect.NoneType))
    return found.type if isinstance(found, inspect.Metadata) else found


TYPES: Final = {name: type_of(name) for name in FIELDS}
COUNTS: Final = tuple(name for name, kind in TYPES.items() if isinstance(kind, inspect.IntType))
MEASURES: Final = tuple(name for name, kind in TYPES.items() if isinstance(kind, inspect.FloatType))
COLUMNS: Final[dict[str, pl.DataType]] = {
    **dict.fromkeys(COUNTS, pl.Int32()),
    **dict.fromkeys(MEASURES, pl.Float32()),
}
