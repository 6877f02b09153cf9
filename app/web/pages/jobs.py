"""任务: what the workers have to do, and what stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from app.deps import require
from app.feedback import stats
from app.feedback.models import InteractionState
from app.jobs import queue
from app.people.models import User
from app.people.roles import Permission, allowed
from app.store.audit import record
from app.web.flash import Flash
from app.web.forms import Id, change, store_of
from app.web.render import page

router = APIRouter()

TITLES = {"feedback.process_delivery": "读取投递", "feedback.analyse": "分析反馈", "topics.assign": "归入主题"}


@router.get("/jobs")
def jobs_page(request: Request, user: Annotated[User, Depends(require(Permission.SOURCES_VIEW))]) -> Response:
    """Counts of what waits, and the jobs that were given up."""
    with store_of(request).read() as session:
        waiting, open_jobs, dead = stats.by_state(session), queue.open_count(session), queue.dead_jobs(session)
    rows = [
        {
            "id": job.id,
            "title": TITLES.get(job.task, job.task),
            "args": "，".join(f"{name} {value}" for name, value in job.args.items()),
            "error": job.error or "",
            "at": job.finished_at or job.created_at,
        }
        for job in dead
    ]
    may_retry = allowed(user.role, Permission.SOURCES_EDIT)
    return page(
        request,
        "jobs.html",
        user,
        open_jobs=open_jobs,
        pending=waiting[InteractionState.PENDING],
        failed=waiting[InteractionState.FAILED],
        dead=rows,
        may_retry=may_retry,
    )


@router.post("/jobs/{job_id}/retry")
def retry(request: Request, job_id: Id, user: Annotated[User, Depends(require(Permission.SOURCES_EDIT))]) -> Response:
    """Queue a dead job again."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        queue.retry(session, job_id)
        record(session, at=now, actor=f"user:{user.login}", action="job.retry", subject=f"job:{job_id}")
        return Flash(f"任务 {job_id} 已重新排队。")

    return change(request, deed, to="/jobs")
