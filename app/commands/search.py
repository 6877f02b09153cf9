"""search: the index of the full text search."""

from __future__ import annotations

from sqlmodel import col, func, select

from app.commands.common import progress_bar, ready_runtime, say
from app.feedback.models import Interaction, InteractionState


def reindex() -> None:
    """Write the whole index anew; the service may run meanwhile."""
    from app.search import service, tasks

    runtime = ready_runtime()
    with runtime.store.read() as session:
        analysed = select(func.count(col(Interaction.id))).where(col(Interaction.state) == InteractionState.ANALYSED)
        total = session.exec(analysed).one()
    with progress_bar("编索引", total) as advance:
        held = service.reindex(runtime.store, progress=advance)
    tasks.wipe(runtime.store)
    say(f"索引里有 {held} 条反馈。")
