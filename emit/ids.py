"""Ids as events carry them, checked before anything is sent."""

import msgspec

from schemas.events import Id


def checked(field: str, value: str) -> str:
    """Returns `value`; raises ValueError naming `field` where no event could carry it."""
    try:
        return msgspec.convert(value, Id)
    except msgspec.ValidationError as error:
        raise ValueError(
            f"{field} takes 1 to 128 of A-Z a-z 0-9 . _ ~ : @ -, not {value[:140]!r}"
        ) from error
