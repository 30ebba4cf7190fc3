"""An agent in Python that sends through Fleetgauge's emitter.

python with_emitter.py USER [AGENT]
"""

import logging
import os
import signal
import sys
import time

from emit import Background, Emitter

logging.basicConfig(level=logging.INFO)
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
emitter = Emitter(
    os.environ["FLEETGAUGE_KAFKA_BOOTSTRAP"],
    *sys.argv[1:3],
    interval_s=1,
    samples_topic=os.environ.get("FLEETGAUGE_SAMPLES_TOPIC", "fleet.samples"),
)


@emitter.meter.counted
def work() -> None:
    time.sleep(0.02)


with Background(emitter):
    while True:
        work()
