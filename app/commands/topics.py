"""topics: grouping what was analysed."""

from __future__ import annotations

from typing import Annotated

import typer

from app.commands.common import progress_bar, ready_runtime, say


def fit(
    seed: Annotated[int, typer.Option(help="随机种子；同样的数据和种子得到同样的主题", min=0)] = 7,
) -> None:
    """Fit topics anew on what is analysed; ids and names that people gave continue."""
    from app.topics.service import FIT_STEPS, fit_topics

    runtime = ready_runtime()
    with progress_bar("聚主题", FIT_STEPS) as advance:
        version = fit_topics(runtime.store, clock=runtime.clock, seed=seed, progress=advance)
    say(f"第 {version.id} 版主题：{version.texts} 条反馈，{version.covered} 条归入主题。")
