"""A progress bar on standard error, for a count of which the end is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["progress_bar"]


@contextmanager
def progress_bar(counted: str) -> Iterator[Callable[[int, int], None]]:
    """Show the number of finished and of all things, if standard error is a terminal.

    `counted` is the name of these things, such as "paragraphs".
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        counted, *columns, console=console, disable=not console.is_terminal, transient=True
    ) as bar:
        task = bar.add_task(counted, total=None)

        def on_progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield on_progress
