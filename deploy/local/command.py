"""The commands of `stack.py`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from deploy.local import docker, files, host, ports, running
from deploy.local.console import complain, say, timed
from deploy.local.instance import Instance, InstanceRecord, load
from deploy.local.part import Mode, Part, StackError

REPOSITORY = Path(__file__).resolve().parents[2]


def main(words: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    choice = parser().parse_args(words)
    try:
        with files.locked(choice.dir.resolve() / "lock"):
            return int(choice.act(choice))
    except (StackError, OSError) as error:
        complain(f"stack: {error}")
        return 1


def parser() -> argparse.ArgumentParser:
    """The command line, with the instance's folder as a common option of all subcommands."""
    home = REPOSITORY / ".stack"
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--dir", type=Path, default=home, help="the instance's folder")
    top = argparse.ArgumentParser(prog="stack.py", description="Kafka and TimescaleDB, locally.")
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, act: object, purpose: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, parents=[common], help=purpose)
        made.set_defaults(act=act)
        return made

    for_up = command("up", up, "start the parts that do not run, and write the env file")
    cache_help = "folder of shared downloads; set at the first `up`"
    for_up.add_argument("--cache", type=Path, default=home / "cache", help=cache_help)
    command("down", down, "stop everything; data is kept")
    command("clean", clean, "stop everything and delete the data; downloads are kept")
    for_status = command("status", status, "print each part's state; exit 1 unless all run")
    for_status.add_argument("--json", action="store_true", help="print JSON")
    for_start = command("start", start, "start one part")
    for_stop = command("stop", stop, "stop one part")
    for_stop.add_argument("--mode", type=Mode, choices=list(Mode), default=Mode.FAST)
    for options in (for_start, for_stop):
        options.add_argument("part", choices=("kafka", "database"))
    return top


def up(choice: argparse.Namespace) -> int:
    """Start the broker and the database."""
    instance = find(choice) or create(choice)
    with timed("stack: up"):
        running.bring_up(instance, running.parts_of(instance))
    say(f"settings in {instance.env_file}")
    return 0


def down(choice: argparse.Namespace) -> int:
    """Stop both; does nothing if there is no instance."""
    instance = find(choice)
    if instance is not None:
        running.take_down(running.parts_of(instance))
    return 0


def clean(choice: argparse.Namespace) -> int:
    """Stop both and delete their data."""
    instance = find(choice)
    if instance is not None:
        running.erase(instance)
    return 0


def status(choice: argparse.Namespace) -> int:
    """Print each part's process and port."""
    instance = find(choice)
    parts = running.parts_of(instance) if instance else []
    facts = {part.name: facts_of(part, instance.kept.ports) for part in parts if instance}
    say(json.dumps(facts) if choice.json else describe(facts))
    return 0 if facts and all(fact["pid"] for fact in facts.values()) else 1


def start(choice: argparse.Namespace) -> int:
    """Start one part of an existing instance."""
    instance = existing(choice)
    running.bring_up(instance, [chosen(instance, choice.part)])
    return 0


def stop(choice: argparse.Namespace) -> int:
    """Stop one part, cleanly or as in a crash."""
    chosen(existing(choice), choice.part).stop(choice.mode)
    return 0


def find(choice: argparse.Namespace) -> Instance | None:
    """The instance in the chosen folder, None if there is none."""
    return load(choice.dir.resolve())


def existing(choice: argparse.Namespace) -> Instance:
    """The instance in the chosen folder; `StackError` if there is none."""
    instance = find(choice)
    if instance is None:
        raise StackError(f"no stack in {choice.dir}; `up` creates one")
    return instance


def create(choice: argparse.Namespace) -> Instance:
    """Create an instance, with Docker if available."""
    runtime = docker.choose_runtime(docker.answers(), host.is_root())
    folder = choice.dir.resolve()
    chosen = ports.first_choice(folder, REPOSITORY / ".stack")
    kept = InstanceRecord(runtime, str(choice.cache.resolve()), folder=str(folder), ports=chosen)
    instance = Instance(folder, kept)
    instance.save()
    return instance


def chosen(instance: Instance, name: str) -> Part:
    """The part named `name`."""
    return next(part for part in running.parts_of(instance) if part.name == name)


def facts_of(part: Part, ports: dict[str, int]) -> dict[str, int | None]:
    """The `status` of a part."""
    return {"pid": part.pid(), "port": ports[part.ports[0]]}


def describe(facts: dict[str, dict[str, int | None]]) -> str:
    """The status as text, one line for each part."""
    lines = [
        f"{name:<10} port {fact['port']:<6} process {fact['pid']}"
        if fact["pid"]
        else f"{name:<10} port {fact['port']:<6} not running"
        for name, fact in facts.items()
    ]
    return "\n".join(lines or ["no stack here; `up` creates one"])
