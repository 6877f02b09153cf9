"""An issue with one click, from a topic or an alert; a second click leads to the issue that the first one opened."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlmodel import Session

from app.feedback.query import rows_by_id
from app.people.models import User
from app.topics.models import TopicAlert
from app.topics.query import topic_detail
from app.tracker import board
from app.tracker import service as tracker
from app.tracker.models import Issue, IssueState
from app.web.labels import restricted
from app.web.topic_views import Window
from app.web.words import day

DUE_IN = timedelta(days=14)  # its form changes it


def issues_of(session: Session, topic_id: int) -> list[Issue]:
    """The issues that a topic is evidence of, or what is merged with it."""
    rows, _ = board.list_issues(session, topic_id=topic_id, size=50)
    return [row.issue for row in rows]


def issue_from_topic(
    session: Session, *, actor: User, topic_id: int, on: date, now: datetime, detail: str = ""
) -> tuple[Issue, bool]:
    """The topic's issue that is not closed, or a new one; and whether it is new. `detail` says why, else the change."""
    found = topic_detail(session, topic_id=topic_id, until=Window(on).until)
    known = next((issue for issue in issues_of(session, topic_id) if issue.state is not IssueState.CLOSED), None)
    if known:
        return known, False
    said = f"{detail or found.row.change.wording}（{day(on)}建）"
    issue = tracker.create_issue(
        session,
        actor=actor,
        title=found.topic.name,
        detail=said,
        due_on=on + DUE_IN,
        topic_ids=[topic_id],
        now=now,
    )
    return issue, True


def issue_from_alert(
    session: Session, *, actor: User, alert: TopicAlert, on: date, now: datetime, detail: str
) -> tuple[Issue, bool]:
    """The same for an alert; one of 未归类 gives its texts as evidence."""
    if alert.topic_id is not None:
        return issue_from_topic(session, actor=actor, topic_id=alert.topic_id, on=on, now=now, detail=detail)
    texts = [row.interaction for row in rows_by_id(session, alert.texts) if not restricted(row.interaction)]
    issue = tracker.create_issue(
        session,
        actor=actor,
        title=f"未归类的反馈增多（{day(alert.since)}起）",
        detail=f"{detail}（{day(on)}建）",
        due_on=on + DUE_IN,
        interaction_ids=[text.id for text in texts if text.id is not None],
        now=now,
    )
    return issue, True


def told(issue: Issue, *, new: bool) -> str:
    """What the click did."""
    if not new:
        return "这个主题已有未关闭的问题，没有重复新建。"
    return f"问题已建立，由您负责，{day(issue.due_on)}到期；可点“修改”换人或改期。接着加一项措施。"
