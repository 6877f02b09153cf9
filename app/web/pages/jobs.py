"""任务: what the workers have to do, and what stopped."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from sqlmodel import Session

from app.deps import require
from app.feedback import stats, tasks
from app.feedback.models import InteractionState
from app.jobs import queue
from app.people.models import User
from app.people.roles import Permission, allowed
from app.store.audit import record
from app.web.flash import Flash
from app.web.forms import Id, change, store_of
from app.web.render import page

router = APIRouter()

Editor = Annotated[User, Depends(require(Permission.SOURCES_EDIT))]

TITLES = {
    "feedback.process_delivery": "读取投递",
    "feedback.analyse": "分析反馈",
    "feedback.spread_review": "把遮盖复核用到全部反馈",
    "topics.assign": "归入主题",
    "topics.fit": "重新聚类",
    "topics.nightly_fit": "每晚重新聚类",
    "topics.alerts": "每晚查突然增多的主题",
    "compliance.retention": "每晚查到期的档案",
    "compliance.retention_run": "删除到期的档案",
    "compliance.audit_check": "每晚核验审计链",
    "search.catch_up": "补全检索索引",
}
OBJECTS = {"delivery_id": "投递", "interaction_id": "反馈", "review_id": "遮盖复核", "run_id": "删除预告"}
LISTED = 100  # of the jobs that stopped: what breaks every job may have stopped thousands


@router.get("/jobs")
def jobs_page(request: Request, user: Annotated[User, Depends(require(Permission.SOURCES_VIEW))]) -> Response:
    """Counts of what waits, and the latest jobs that were given up."""
    with store_of(request).read() as session:
        waiting, open_jobs = stats.by_state(session), queue.open_count(session)
        reasons = stats.by_failure(session)
        dead, stopped = queue.dead_jobs(session, limit=LISTED), queue.dead_count(session)
    rows = [
        {
            "id": job.id,
            "title": TITLES.get(job.task, job.task),
            "args": "，".join(f"{OBJECTS.get(name, name)} {value}" for name, value in job.args.items()),
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
        reasons=reasons,
        dead=rows,
        stopped=stopped,
        may_retry=may_retry,
    )


@router.post("/jobs/failed/retry")  # before the jobs, whose numbers would take its address
def retry_failed(request: Request, user: Editor) -> Response:
    """Queue all feedback whose analysis failed again; its jobs ended well, so none of them is dead."""
    runtime = request.app.state.runtime
    now = runtime.clock.now()

    def deed(session: Session) -> Flash:
        count = tasks.retry_failed(session, queue=runtime.queue)
        detail = {"jobs": [], "feedback": count}
        record(session, at=now, actor=f"user:{user.login}", action="jobs.retry", subject="jobs", detail=detail)
        return Flash(f"{count} 条反馈排队重新分析。")

    return change(request, deed, to="/jobs")


@router.post("/jobs/{job_id}/retry")
def retry(request: Request, job_id: Id, user: Editor) -> Response:
    """Queue a dead job again."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        queue.retry(session, job_id)
        record(session, at=now, actor=f"user:{user.login}", action="job.retry", subject=f"job:{job_id}")
        return Flash(f"任务 {job_id} 已重新排队。")

    return change(request, deed, to="/jobs")
