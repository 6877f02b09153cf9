"""customers: what the bank's own records say of them, consent to follow-ups above all."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.commands.common import ACTOR, ready_runtime, say
from app.customers import service
from app.store.audit import record
from app.tracker.followups import heed_withdrawals


def load(
    path: Annotated[
        Path,
        typer.Argument(
            help="UTF-8 的 CSV；列：customer_ref，可有 consent_survey（0 或 1）等", exists=True, dir_okay=False
        ),
    ],
) -> None:
    """Create or update customers from a file, all of it or nothing; the first bad row is told with its line."""
    runtime = ready_runtime()
    with path.open("rb") as source, runtime.store.write() as session:
        now = runtime.clock.now()
        count, kept = service.load_csv(session, source=source, now=now)
        session.flush()
        left = heed_withdrawals(session)
        detail = {"rows": count, "left_lists": left, "kept_withdrawn": kept}
        record(session, at=now, actor=ACTOR, action="customers.load", subject="customers", detail=detail)
    say(f"读入 {count} 位客户。" + (f"有人撤回了授权，{left} 条待回访已移出名单。" if left else ""))
    if kept:
        say(f"{kept} 项授权在行内撤回过，名单上的“同意”没有采用。")
