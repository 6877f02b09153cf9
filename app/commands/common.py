"""What commands share: the runtime of a migrated store, logs, progress, and words for people."""

from __future__ import annotations

import logging
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

from app.errors import NotReady
from app.runtime import Runtime
from app.settings import Settings

ACTOR = "system:cli"  # who the audit chain names for a command: whoever has the shell has the machine

console = Console(stderr=True, highlight=False)  # standard output is for results alone


def configure_logs(level: int = logging.INFO) -> None:
    """Structured lines on standard error, without values of local variables: they may be a customer's words."""
    rendered: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if sys.stderr.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def ready_runtime(settings: Settings | None = None) -> Runtime:
    """A runtime whose store is migrated: a new one is made, an old one is for a person to upgrade.

    Raises NotReady, naming the command.
    """
    runtime = Runtime(settings or Settings())
    if runtime.store.revision() is None:
        runtime.store.upgrade()
    if not runtime.store.is_current():
        raise NotReady("库的结构与本版本不符，请先备份，再运行：huisheng migrate")
    return runtime


def say(text: str) -> None:
    """A line on standard output."""
    print(text)


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` once all of it is written: what is there may be what is being read.

    What is there and no plain file, such as /dev/stdout, is written to as it is.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as lines:
            yield lines
        return
    path = path.resolve()
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as lines:
            yield lines
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error; the value is to be called with how many more are done."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(title, total=total)
        yield lambda count: progress.advance(task, count)
