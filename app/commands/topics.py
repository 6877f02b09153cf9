"""topics: grouping what was analysed."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.commands.common import console, progress_bar, ready_runtime, say, written_whole
from app.feedback.analyse import BadLine
from app.runtime import Runtime
from app.settings import Settings


def fit(
    seed: Annotated[int, typer.Option(help="随机种子；同样的数据和种子得到同样的主题", min=0)] = 7,
) -> None:
    """Fit topics anew on what is analysed; ids and names that people gave continue."""
    from app.topics.service import FIT_STEPS, fit_topics

    runtime = ready_runtime()
    with progress_bar("聚主题", FIT_STEPS) as advance:
        version = fit_topics(runtime.store, clock=runtime.clock, seed=seed, pipeline=runtime.pipeline, progress=advance)
    say(f"第 {version.id} 版主题：{version.texts} 条反馈，{version.covered} 条归入主题。")


def cluster(
    path: Annotated[
        Path,
        typer.Argument(help="JSONL 文件，每行同 analyse，可另有 channel", exists=True, dir_okay=False),
    ],
    output: Annotated[Path, typer.Option(help="结果写到这个 JSONL 文件：每行 {id, topic, name, score}，-1 为未归类")],
    seed: Annotated[int, typer.Option(help="随机种子；同样的文件和种子得到同样的主题", min=0)] = 7,
    previous: Annotated[
        Path | None, typer.Option(help="上一次的结果；主题编号延续下来", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Group the lines of a file without a store; bad ones are told with their number. Exit status 1 for some bad."""
    from app.topics.files import cluster_file

    runtime = Runtime(Settings())

    def tell(bad: BadLine) -> None:
        console.print(f"第 {bad.line} 行：{bad.message}", markup=False)

    with path.open("rb") as source, ExitStack() as opened:
        total = sum(1 for _ in source)
        source.seek(0)
        lines = opened.enter_context(written_whole(output))
        advance = opened.enter_context(progress_bar("分析", total))
        done = cluster_file(source, lines, runtime.pipeline, seed=seed, previous=previous, tell=tell, progress=advance)
    say(f"{done.texts} 条归入 {done.topics} 个主题，{done.texts - done.covered} 条未归类，{done.bad} 条有问题。")
    if done.bad:
        raise typer.Exit(1)
