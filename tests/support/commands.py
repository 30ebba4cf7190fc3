"""The names of all commands, as typed after `fleetgauge`."""

from collections.abc import Iterator
from typing import Final

import click

import fleetgauge


def _below(group: click.Group, *above: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from _below(command, *above, name)
        else:
            yield " ".join([*above, name])


COMMANDS: Final = sorted(_below(fleetgauge.main))
