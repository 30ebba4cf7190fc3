"""The agent's side: samples of this machine or process, and events, sent to Kafka.

The names below are the public API for agents; each is imported on first use.

`host` and `simulation` are the commands `fleetgauge emit host` and `fleetgauge emit fleet`. An
emitter's events pass through buffer, delivery, batch, sender and connection, in this order.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from emit.background import Background
    from emit.batch import Encoding
    from emit.emitter import Emitter
    from emit.logs import ErrorCounter
    from emit.meter import Message, Meter
    from emit.process import process_agent_id
    from emit.stats import Totals
    from schemas.events import (
        Booking,
        Deployment,
        Event,
        Fan,
        Payment,
        Play,
        Sample,
        Skill,
        Status,
    )

__all__ = [
    "Background",
    "Booking",
    "Deployment",
    "Emitter",
    "Encoding",
    "ErrorCounter",
    "Event",
    "Fan",
    "Message",
    "Meter",
    "Payment",
    "Play",
    "Sample",
    "Skill",
    "Status",
    "Totals",
    "process_agent_id",
]

_HOMES: Final = {
    "Background": "emit.background",
    "Emitter": "emit.emitter",
    "Encoding": "emit.batch",
    "ErrorCounter": "emit.logs",
    "Message": "emit.meter",
    "Meter": "emit.meter",
    "Totals": "emit.stats",
    "process_agent_id": "emit.process",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'emit' has no attribute {name!r}")
    value = getattr(import_module(_HOMES.get(name, "schemas.events")), name)
    globals()[name] = value
    return value
