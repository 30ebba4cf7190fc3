"""How commands show themselves: help with examples, errors as a sentence that says what to do.

Nothing here is slow to import: a shell that completes a word waits for it.
"""

from collections.abc import Mapping
from typing import Any, Final

import rich_click as click

from schemas.runtime.exits import INTERRUPTED, UNUSABLE

NAME: Final = "fleetgauge"
# A line for the shell each, and what it does.
Examples = Mapping[str, str]


class SettingsUnusable(click.ClickException):
    """A sentence a problem; exit status 2."""

    exit_code = UNUSABLE


class _Formatter(click.RichHelpFormatter):
    """Errors go where nobody draws: no frame, and no line broken where a log would cut it."""

    def write_error(self, e: click.ClickException) -> None:
        for line in _lines(e):
            self.write(line, markup=False, highlight=False, soft_wrap=True)

    def write_examples(self, examples: Examples) -> None:
        """As they may be pasted: comments, and lines that are never broken."""
        self.write("\n [bold]Examples[/]")
        for command, meaning in examples.items():
            self.write(f"\n   # {meaning}", style="dim", markup=False, soft_wrap=True)
            self.write(f"   {command}", markup=False, highlight=False, soft_wrap=True)


class _Context(click.RichContext):
    formatter_class = _Formatter


class Helpful(click.RichCommand):
    """A command whose help ends with examples, and whose errors are sentences."""

    context_class = _Context

    def __init__(self, *args: Any, examples: Examples, **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: Any) -> None:
        formatter.write_examples(self.examples)


class Command(Helpful):
    """One that reads settings and writes a log."""

    def invoke(self, ctx: click.Context) -> Any:
        from schemas.runtime.logs import configure
        from schemas.settings import SettingsError

        configure(ctx.find_root().params["log_level"])
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise SettingsUnusable("\n".join(error.problems)) from error
        except KeyboardInterrupt:
            complain("interrupted")
            ctx.exit(INTERRUPTED)


class Group(Helpful, click.RichGroup):  # type: ignore[misc] # as its own bases differ
    """Commands of these kinds."""

    command_class = Command


Group.group_class = Group


def complain(sentence: str) -> None:
    """Tells on stderr what could not be done, as a command that goes on to its end."""
    click.echo(f"{NAME}: {sentence}", err=True)


def _lines(error: click.ClickException) -> list[str]:
    if not isinstance(error, click.UsageError):
        return [f"{NAME}: {line}" for line in error.format_message().splitlines()]
    path = error.ctx.command_path if error.ctx else NAME
    message = " ".join(error.format_message().split())
    ended = message if message.endswith((".", ")", "?")) else f"{message}."
    return [f"{path}: {ended} See '{path} --help'."]
