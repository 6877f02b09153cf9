"""privacy: proof that personal data stays where it belongs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.common import ACTOR, console, ready_runtime, say
from app.store import audit

GOOD, BAD = 0, 1  # exit status


def scan(
    planted: Annotated[
        Path | None,
        typer.Option(help="标出个人信息的 JSONL 文件；不给就用库里已遮盖的内容", exists=True, dir_okay=False),
    ] = None,
    also: Annotated[list[Path] | None, typer.Option(help="还要查的文件或目录，如日志、导出", exists=True)] = None,
) -> None:
    """Look for every identifier we know in the whole store and the files. Exit status 1 where one is found."""
    from app.compliance.scan import files_in, known_in_file, known_in_store
    from app.compliance.scan import scan as look

    runtime = ready_runtime()
    known = known_in_file(planted) if planted else known_in_store(runtime.store)
    with console.status("扫描") as status:
        report = look(runtime.store, known, files_in(also or []), tell=lambda place: status.update(f"扫描 {place}"))
    with runtime.store.write() as session:
        detail = {"known": report.known, "places": report.columns + report.files, "found": sum(report.found.values())}
        now = runtime.clock.now()
        audit.record(session, at=now, actor=ACTOR, action="privacy.scan", subject="store", detail=detail)
    for place, title, count in report.leaks:
        say(f"{place}\t{title}\t{count} 处")
    if report.skipped:
        say(f"没有查（不是文本）：{'、'.join(report.skipped)}")
    say(
        f"用 {report.known} 个已知的个人信息查了 {report.columns} 列、{report.values} 个值和 {report.files} 个文件："
        + (f"发现 {sum(report.found.values())} 处泄漏，见上。" if report.found else "没有发现泄漏。")
    )
    raise typer.Exit(BAD if report.found else GOOD)


def cases() -> None:
    """Try the model in use on every review of masking. Exit status 1 where it does not do what a person wanted."""
    from app.feedback.remask import cases as tried

    runtime = ready_runtime()
    with runtime.store.read() as session:
        found = list(tried(session, runtime.pipeline))
    wrong = [one for one in found if not one.right]
    for one in wrong:
        say(f"反馈 {one.interaction_id}\t{one.fault}\t{one.title}")
    say(f"{len(found)} 条遮盖复核，模型自己做对 {len(found) - len(wrong)} 条。")
    raise typer.Exit(BAD if wrong else GOOD)
