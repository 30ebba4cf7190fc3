"""Commands whose help has examples, and whose errors are sentences that say what to do.

Imports only fast modules: shell completion waits for them.
"""

from collections.abc import Mapping
from typing import Any, Final

import rich_click as click

from schemas.runtime.exits import INTERRUPTED, UNUSABLE

NAME: Final = "fleetgauge"
# A shell command each, with its purpose.
Examples = Mapping[str, str]


class SettingsUnusable(click.ClickException):
    """One sentence per problem; exit status 2."""

    exit_code = UNUSABLE


class _Formatter(click.RichHelpFormatter):
    """Prints errors for logs: no frame and no line breaks."""

    def write_error(self, e: click.ClickException) -> None:
        for line in _lines(e):
            self.write(line, markup=False, highlight=False, soft_wrap=True)

    def write_examples(self, examples: Examples) -> None:
        """Ready to paste: comments, and lines that are never wrapped."""
        self.write("\n [bold]Examples[/]")
        for command, meaning in examples.items():
            self.write(f"\n   # {meaning}", style="dim", markup=False, soft_wrap=True)
            self.write(f"   {command}", markup=False, highlight=False, soft_wrap=True)


class _Context(click.RichContext):
    formatter_class = _Formatter


class Helpful(click.RichCommand):
    """A command whose help ends with examples, with errors as sentences."""

    context_class = _Context

    def __init__(self, *args: Any, examples: Examples, **more: Any) -> None:
        super().__init__(*args, **more)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: Any) -> None:
        formatter.write_examples(self.examples)


class Command(Helpful):
    """A command that reads settings and writes a log."""

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
    """A group of such commands."""

    command_class = Command


Group.group_class = Group


def complain(sentence: str) -> None:
    """Prints an error on stderr without ending the command."""
    click.echo(f"{NAME}: {sentence}", err=True)


def _lines(error: click.ClickException) -> list[str]:
    if not isinstance(error, click.UsageError):
        return [f"{NAME}: {line}" for line in error.format_message().splitlines()]
    path = error.ctx.command_path if error.ctx else NAME
    message = " ".join(error.format_message().split())
    ended = message if message.endswith((".", ")", "?")) else f"{message}."
    return [f"{path}: {ended} See '{path} --help'."]
