"""Resource use of this machine, read with psutil."""

from typing import Final

import psutil

from emit.clock import Clock
from emit.process import clamped
from schemas.events import Sample

BYTES_A_MB: Final = 1_000_000
ROOT: Final = "/"


class Machine:
    """Samples this machine as one agent.

    CPU is the share of all processors since the previous sample; the first sample covers the time
    since the object was created. A machine handles no messages: both counts are 0.
    """

    def __init__(self, user_id: str, agent_id: str, clock: Clock) -> None:
        self._user_id = user_id
        self._agent_id = agent_id
        self._clock = clock
        psutil.cpu_percent(interval=None)

    def sample(self) -> Sample:
        """CPU and memory in percent, the root filesystem in MB of 10⁶ bytes."""
        disk = psutil.disk_usage(ROOT)
        return Sample(
            user_id=self._user_id,
            agent_id=self._agent_id,
            ts=self._clock.now(),
            cpu=clamped(psutil.cpu_percent(interval=None)),
            memory=clamped(psutil.virtual_memory().percent),
            messages=0,
            errors=0,
            storage_used_mb=disk.used / BYTES_A_MB,
            storage_total_mb=disk.total / BYTES_A_MB,
        )
