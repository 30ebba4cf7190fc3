import logging
import sys

from emit import Background, Emitter

logging.basicConfig(level=logging.INFO)
# A short interval and a small buffer show the behaviour within seconds; omit both in production.
emitter = Emitter(sys.argv[1], user_id="ada", interval_s=0.1, capacity=40)
logging.getLogger().addHandler(emitter.error_counter)


@emitter.meter.counted
def answer(question: str) -> str:
    return question.upper()


with Background(emitter):
    for line in sys.stdin:
        answer(line)
logging.info(emitter.totals)
