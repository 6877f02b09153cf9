"""ingest, analyse and corrections: feedback in, labels and what people said of them out."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.channels import CHANNELS
from app.channels.kinds import ChannelKind
from app.commands.common import ACTOR, console, progress_bar, ready_runtime, say, written_whole
from app.errors import Invalid
from app.feedback import corrections
from app.feedback.analyse import BadLine, analyse_file
from app.feedback.imports import ImportPlan, ImportReport, import_file
from app.feedback.ingest import Applied
from app.runtime import Runtime
from app.settings import Settings
from app.store.audit import record

APPLIED = {
    Applied.CREATED: "新增",
    Applied.EXTENDED: "更新",
    Applied.UNCHANGED: "没有变化",
    Applied.OLDER: "早于已存的",
    Applied.DIFFERS: "同一版本而内容不同（没有改动）",
    Applied.ERASED: "此前已删除（不再读入）",
}


def ingest(  # noqa: PLR0917 - typer makes options of them
    path: Annotated[Path, typer.Argument(help="文件，或装着 .eml 文件的目录", exists=True)],
    source: Annotated[str, typer.Option(help="记在哪个接入源名下；没有就新建")] = "files",
    format_: Annotated[
        str | None, typer.Option("--format", help=f"格式：{'、'.join(CHANNELS)}；不给就看扩展名")
    ] = None,
    channel: Annotated[ChannelKind, typer.Option(help="没有写明渠道的行算哪个渠道")] = ChannelKind.SOCIAL,
    columns: Annotated[
        list[str] | None, typer.Option("--column", help="列对应，可多次给出：字段=列名，如 text=客户原声")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="只检查，不写库")] = False,
) -> None:
    """Import a file; bad lines are told and kept in a rejects file. Exit status 1 where there were some."""
    runtime = ready_runtime()
    plan = ImportPlan(
        path=path,
        source=source,
        format=format_,
        channel=channel,
        mapping=dict(_pair(column) for column in columns or []),
        dry_run=dry_run,
        rejects_dir=runtime.settings.home / "rejects",
        max_bytes=runtime.settings.max_import_bytes,
    )
    with progress_bar("导入", None) as advance:
        report = import_file(plan, store=runtime.store, queue=runtime.queue, clock=runtime.clock, progress=advance)
    _tell(report, dry_run=dry_run)
    if not dry_run:
        detail = {"readable": report.readable, "rejected": report.rejected, "skipped": report.skipped}
        with runtime.store.write() as session:
            record(
                session,
                at=runtime.clock.now(),
                actor=ACTOR,
                action="feedback.import",
                subject=f"source:{source}",
                detail=detail,
            )
    if report.rejected:
        raise typer.Exit(1)


def analyse(
    path: Annotated[
        Path, typer.Argument(help="JSONL 文件，每行 {id, text} 或 {id, turns: [{role, text}]}", exists=True)
    ],
    output: Annotated[Path, typer.Option(help="结果写到这个 JSONL 文件")],
    embeddings: Annotated[Path | None, typer.Option(help="句向量另写到这个 .npy 文件，每条一行")] = None,
) -> None:
    """Analyse lines without a store; bad ones are told with their number. Exit status 1 where some were bad."""
    runtime = Runtime(Settings())

    def tell(bad: BadLine) -> None:
        console.print(f"第 {bad.line} 行：{bad.message}", markup=False)

    with path.open("rb") as source, ExitStack() as opened:
        total = sum(1 for _ in source)
        source.seek(0)
        lines = opened.enter_context(written_whole(output))
        advance = opened.enter_context(progress_bar("分析", total))
        good, bad = analyse_file(source, lines, runtime.pipeline, embeddings=embeddings, tell=tell, progress=advance)
    console.print(f"分析 {good} 条，{bad} 条有问题。")
    if bad:
        raise typer.Exit(1)


def corrections_export(
    output: Annotated[Path, typer.Argument(help="写到这个 JSONL 文件", dir_okay=False)],
) -> None:
    """Write every corrected feedback as a training row, in masked words."""
    runtime = ready_runtime()
    with runtime.store.write() as session:
        rows = list(corrections.export(session))
        detail = {"rows": len(rows)}
        record(
            session, at=runtime.clock.now(), actor=ACTOR, action="corrections.export", subject="feedback", detail=detail
        )
    output.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    if rows:
        say(f"导出 {len(rows)} 条改正过的反馈到 {output}。个人信息已遮，但不保证一个不漏：请按原文保管，用完请删。")
    else:
        say("还没有改正。在反馈详情页用“改正判断”，改过之后再导出。")


def _pair(column: str) -> tuple[str, str]:
    field, mark, name = column.partition("=")
    if not (field and mark and name):
        raise Invalid("列对应要写成 字段=列名，如 text=客户原声。", field="column")
    return field.strip(), name.strip()


def _tell(report: ImportReport, *, dry_run: bool) -> None:
    for problem in report.problems:
        place = f"第 {problem.line} 行，" if problem.line else ""
        console.print(f"{place}{problem.field}：{problem.message}", markup=False)
    if dry_run:
        say(f"可以导入 {report.readable} 条，有问题 {report.rejected} 条，跳过 {report.skipped} 条；没有写库。")
        return
    done = "，".join(f"{title} {report.applied[kind]} 条" for kind, title in APPLIED.items())
    say(f"{done}；有问题 {report.rejected} 条，跳过 {report.skipped} 条。")
    if report.rejects_path:
        say(f"有问题的原样留在 {report.rejects_path}（未遮盖，用完请删）。")
