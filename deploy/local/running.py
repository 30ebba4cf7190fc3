"""Bringing the parts of an instance up and down, together and one by one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.local import docker, files, host, ports
from deploy.local.console import say, timed
from deploy.local.instance import Instance
from deploy.local.kafka import Kafka
from deploy.local.listeners import listener
from deploy.local.part import Mode, Part, StackError
from deploy.local.timescale import Timescale

# To choose ports: others may choose the same at the same time.
ATTEMPTS = 5


def parts_of(instance: Instance) -> Sequence[Part]:
    """The broker and the database, run by the instance's runtime."""
    if instance.kept.runtime == "docker":
        return docker.services(instance)
    return [Kafka(instance), Timescale(instance)]


def bring_up(instance: Instance, parts: Sequence[Part]) -> None:
    """Start those parts that do not run, at the same time, and return when all are ready."""
    idle = [part for part in parts if part.pid() is None]
    # Two installations at once would refuse each other.
    with files.locked(instance.cache / "packages.lock"):
        host.ensure([program for part in idle for program in part.programs()])
    side_by_side(prepare, idle)
    # Others that share the cache choose their ports when these are taken.
    with files.locked(instance.cache / "start.lock"):
        start_on_free_ports(instance, idle)
    for part in parts:
        part.await_ready()


def take_down(parts: Sequence[Part]) -> None:
    """Stop the parts, cleanly and at the same time."""
    side_by_side(stop, [part for part in parts if part.pid() is not None])


def erase(instance: Instance) -> None:
    """Stop the instance and delete its data; downloads stay."""
    parts = parts_of(instance)
    take_down(parts)
    for part in parts:
        part.erase()
    instance.forget()


def start_on_free_ports(instance: Instance, parts: Sequence[Part]) -> None:
    """Start parts; where somebody took a port before they listened on it, choose again."""
    for attempts_left in reversed(range(ATTEMPTS)):
        idle = [part for part in parts if part.pid() is None]
        settle_ports(instance, idle)
        try:
            return side_by_side(start, idle)
        except StackError as error:
            kept = instance.kept.ports
            names = [name for part in idle if part.pid() is None for name in part.ports]
            taken = [name for name in names if not ports.is_free(kept[name])]
            if not taken:
                raise
            if not attempts_left:
                told = ", ".join(
                    f"{kept[name]} ({name}) by {listener(kept[name])}" for name in taken
                )
                raise StackError(
                    f"ports were taken {ATTEMPTS} times between their choice and the start, at "
                    f"last {told}: end that, or run this again; logs are in {instance.logs}"
                ) from error
    return None


def settle_ports(instance: Instance, idle: Sequence[Part]) -> None:
    """Give the parts that are to start the ports they had, or others where those are taken."""
    kept = instance.kept.ports
    names = [name for part in idle for name in part.ports]
    used = [port for name, port in kept.items() if name not in names]
    chosen = ports.settle({name: kept[name] for name in names}, used)
    for name, port in chosen.items():
        if port != kept[name] and not ports.is_free(kept[name]):
            say(f"{name}: port {kept[name]} is taken by {listener(kept[name])}; {port} instead")
    kept.update(chosen)
    instance.save()


def prepare(part: Part) -> None:
    """Fetch what a part runs from."""
    with timed(f"{part.name}: programs at hand"):
        part.prepare()


def start(part: Part) -> None:
    """Start a part and await it."""
    with timed(f"{part.name}: ready"):
        part.start()
        part.await_ready()


def stop(part: Part) -> None:
    """Stop a part cleanly."""
    with timed(f"{part.name}: stopped"):
        part.stop(Mode.FAST)


def side_by_side(act: Callable[[Part], None], parts: Sequence[Part]) -> None:
    """Act on all parts at once; the first failure is raised when all have come to an end."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for result in [pool.submit(act, part) for part in parts]:
            result.result()
