"""Starts and stops the parts of an instance, together and one by one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from deploy.local import docker, files, host, ports
from deploy.local.console import say, timed
from deploy.local.instance import Instance
from deploy.local.kafka import Kafka
from deploy.local.listeners import listener
from deploy.local.part import Mode, Part, StackError
from deploy.local.timescale import Timescale

# To choose ports: other processes may choose the same ones at the same time.
ATTEMPTS = 5


def parts_of(instance: Instance) -> Sequence[Part]:
    """The broker and the database, run by the instance's runtime."""
    if instance.kept.runtime == "docker":
        return docker.services(instance)
    return [Kafka(instance), Timescale(instance)]


def bring_up(instance: Instance, parts: Sequence[Part]) -> None:
    """Start the parts that do not run, concurrently, and return when all are ready."""
    idle = [part for part in parts if part.pid() is None]
    # Two concurrent apt-get fail.
    with files.locked(instance.cache / "packages.lock"):
        host.ensure([program for part in idle for program in part.programs()])
    side_by_side(prepare, idle)
    # Other instances of the cache choose their ports only after these are bound.
    with files.locked(instance.cache / "start.lock"):
        start_on_free_ports(instance, idle)
    for part in parts:
        part.await_ready()


def take_down(parts: Sequence[Part]) -> None:
    """Stop the parts, cleanly and concurrently."""
    side_by_side(stop, [part for part in parts if part.pid() is not None])


def erase(instance: Instance) -> None:
    """Stop the instance and delete its data; downloads are kept."""
    parts = parts_of(instance)
    take_down(parts)
    for part in parts:
        part.erase()
    instance.forget()


def start_on_free_ports(instance: Instance, parts: Sequence[Part]) -> None:
    """Start parts; if another process took a port before they listened on it, choose again."""
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
                owners = ", ".join(
                    f"{kept[name]} ({name}) by {listener(kept[name])}" for name in taken
                )
                raise StackError(
                    f"ports were taken {ATTEMPTS} times between their choice and the start, most "
                    f"recently {owners}: stop that, or retry; logs are in {instance.logs}"
                ) from error
    return None


def settle_ports(instance: Instance, idle: Sequence[Part]) -> None:
    """Give idle parts their previous ports, or others if those are taken."""
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
    """Fetch a part's programs."""
    with timed(f"{part.name}: programs ready"):
        part.prepare()


def start(part: Part) -> None:
    """Start a part and wait until it is ready."""
    with timed(f"{part.name}: ready"):
        part.start()
        part.await_ready()


def stop(part: Part) -> None:
    """Stop a part cleanly."""
    with timed(f"{part.name}: stopped"):
        part.stop(Mode.FAST)


def side_by_side(act: Callable[[Part], None], parts: Sequence[Part]) -> None:
    """Act on all parts concurrently; raises the first failure after all have ended."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        for result in [pool.submit(act, part) for part in parts]:
            result.result()
