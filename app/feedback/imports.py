"""Importing a file: read, tell what is wrong by line, commit what is good in short transactions.

Importing the same file again changes nothing. What could not be read is kept in a rejects file of mode 0600,
because its rows are as unmasked as the file they came from; delete it when it has been dealt with.
"""

import hashlib
import hmac
import json
import os
import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TextIO

from app.channels import CHANNELS
from app.channels.base import InteractionIn, ReadOptions, Rejected
from app.channels.kinds import ChannelKind
from app.clock import Clock
from app.errors import Invalid, NotFound, TooLarge
from app.feedback import sources
from app.feedback.ingest import Applied, apply_interaction
from app.feedback.models import Source
from app.jobs.queue import JobQueue
from app.store.engine import Store

CHUNK = 100  # interactions in one transaction
MAX_TOLD = 100  # problems kept for showing; all are in the rejects file
FORMATS = {
    ".jsonl": "jsonl",
    ".json": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".xlsx": "xlsx",
    ".eml": "eml",
}
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What to import and how. `format` None goes by the file's name; `channel` is for rows that name none."""

    path: Path
    source: str
    format: str | None = None
    channel: ChannelKind = ChannelKind.SOCIAL
    mapping: dict[str, str] = field(default_factory=dict)
    dry_run: bool = False
    rejects_dir: Path | None = None
    """where the rejects file goes; None: beside the input"""
    max_bytes: int = 200 * MIB


@dataclass(slots=True)
class ImportReport:
    """What an import did; in a dry run `applied` is empty and `readable` tells what would be taken."""

    readable: int = 0
    applied: Counter[Applied] = field(default_factory=Counter)
    rejected: int = 0
    skipped: int = 0
    problems: list[Rejected] = field(default_factory=list)
    rejects_path: Path | None = None


def import_file(
    plan: ImportPlan,
    *,
    store: Store,
    queue: JobQueue,
    clock: Clock,
    progress: Callable[[int], None] = lambda _: None,
) -> ImportReport:
    """Import a file, or a folder of .eml files; `progress` is told how many items were dealt with.

    Raises NotFound for a missing path, TooLarge, and Invalid for a format that is not known.
    """
    files = _files(plan)
    report = ImportReport()
    if plan.dry_run:
        for item in _items(files, plan, _dry_options(plan, clock)):
            _count(report, item)
            progress(1)
        return report
    with store.write() as session:
        source = sources.get_or_create(
            session, name=plan.source, title=plan.source, channel=plan.channel, now=clock.now()
        )
        options = replace(sources.read_options(session, source, now=clock.now()), channel=plan.channel)
        options = replace(options, mapping=options.mapping | plan.mapping)
    with ExitStack() as opened:
        rejects: TextIO | None = None
        items = _items(files, plan, options)
        while chunk := list(islice(items, CHUNK)):
            _commit(chunk, report, store=store, source=source, queue=queue, clock=clock)
            bad = [item for item in chunk if isinstance(item, Rejected) and item.reason == "bad"]
            if bad and rejects is None:
                report.rejects_path = _rejects_path(plan, clock)
                rejects = opened.enter_context(_private(report.rejects_path))
            if rejects is not None:
                rejects.writelines(_rejects_line(item) for item in bad)
            progress(len(chunk))
    return report


def _commit(
    chunk: list[InteractionIn | Rejected],
    report: ImportReport,
    *,
    store: Store,
    source: Source,
    queue: JobQueue,
    clock: Clock,
) -> None:
    with store.write() as session:
        applied = [
            apply_interaction(session, source=source, value=item, now=clock.now(), queue=queue)
            for item in chunk
            if isinstance(item, InteractionIn)
        ]
    report.applied.update(applied)
    for item in chunk:
        _count(report, item)


def _count(report: ImportReport, item: InteractionIn | Rejected) -> None:
    if isinstance(item, InteractionIn):
        report.readable += 1
        return
    report.rejected += item.reason == "bad"
    report.skipped += item.reason == "skipped"
    if len(report.problems) < MAX_TOLD:
        report.problems.append(item.model_copy(update={"raw": ""}))


def _files(plan: ImportPlan) -> list[Path]:
    if plan.path.is_dir():
        files = sorted(path for path in plan.path.iterdir() if path.suffix.casefold() == ".eml")
        if not files:
            raise NotFound(f"目录 {plan.path} 里没有 .eml 文件。")
        return files
    if not plan.path.is_file():
        raise NotFound(f"找不到文件 {plan.path}。")
    if plan.path.stat().st_size > plan.max_bytes:
        raise TooLarge(f"文件超过 {plan.max_bytes // MIB} MB，请分成几个文件，或调大 HUISHENG_MAX_IMPORT_BYTES。")
    return [plan.path]


def _items(files: list[Path], plan: ImportPlan, options: ReadOptions) -> Iterator[InteractionIn | Rejected]:
    for path in files:
        name = plan.format or FORMATS.get(path.suffix.casefold(), "")
        if name not in CHANNELS:
            raise Invalid(f"不知道 {path.name} 是什么格式，请用 --format 指明：{'、'.join(CHANNELS)}。", field="format")
        with path.open("rb") as file:
            for item in CHANNELS[name](options).read(file):
                if isinstance(item, Rejected) and item.line is None and len(files) > 1:
                    # One mail has no lines; its file's name tells which one it was.
                    yield item.model_copy(update={"field": f"{path.name}: {item.field}"})
                else:
                    yield item


def _dry_options(plan: ImportPlan, clock: Clock) -> ReadOptions:
    """Nothing is stored, so any key will do for the ids of items without one."""
    key = secrets.token_bytes(32)
    return ReadOptions(
        channel=plan.channel,
        now=clock.now(),
        digest=lambda data: hmac.new(key, data, hashlib.sha256).hexdigest(),
        mapping=plan.mapping,
    )


def _rejects_path(plan: ImportPlan, clock: Clock) -> Path:
    directory = plan.rejects_dir or plan.path.parent
    directory.mkdir(parents=True, exist_ok=True)
    return directory / f"{plan.path.stem}.rejects-{clock.now():%Y%m%dT%H%M%S}-{secrets.token_hex(3)}.jsonl"


def _private(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")


def _rejects_line(item: Rejected) -> str:
    return json.dumps(item.model_dump(exclude={"reason"}), ensure_ascii=False) + "\n"
