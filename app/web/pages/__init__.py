"""The console's pages: one line each, in the order of the navigation."""

from __future__ import annotations

from app.people.roles import Permission
from app.web.pages import (
    account,
    actions,
    alerts,
    audit,
    feedback,
    followups,
    issue_forms,
    issues,
    jobs,
    originals,
    retention,
    review,
    rights,
    sources,
    today,
    topic_change,
    topic_edits,
    topic_heat,
    topic_map,
    topics,
    users,
)
from app.web.render import Page

WORK, RUN = "", "管理"

PAGES: dict[str, Page] = {
    "account": Page("登录", "/login", None, account.router, None),
    "today": Page("今日", "/", Permission.TODAY_VIEW, today.router, WORK),
    # before the topics, whose numbers would take their addresses
    "topic_map": Page("主题地图与走势", "/topics/map", Permission.TOPICS_VIEW, topic_map.router, None),
    "topic_heat": Page("热力图与满意度", "/topics/heat", Permission.TOPICS_VIEW, topic_heat.router, None),
    "topics": Page("主题", "/topics", Permission.TOPICS_VIEW, topics.router, WORK),
    "topic_change": Page("变化的来由", "/topics/{topic_id}/change", Permission.TOPICS_VIEW, topic_change.router, None),
    "topic_edits": Page("编辑主题", "/topic-history", Permission.TOPICS_VIEW, topic_edits.router, None),
    "alerts": Page("处理主题预警", "/topics", Permission.TOPICS_EDIT, alerts.router, None),
    "feedback": Page("反馈", "/feedback", Permission.FEEDBACK_VIEW, feedback.router, WORK),
    "originals": Page("查看原文", "/feedback", Permission.ORIGINAL_VIEW, originals.router, None),
    "review": Page("复核", "/review", Permission.FEEDBACK_EDIT, review.router, WORK),
    "issue_forms": Page("新建与修改问题", "/issues/new", Permission.ISSUES_EDIT, issue_forms.router, None),
    "issues": Page("问题与措施", "/issues", Permission.ISSUES_VIEW, issues.router, WORK),
    "actions": Page("措施", "/actions", Permission.ISSUES_VIEW, actions.router, None),
    "followups": Page("回访", "/actions", Permission.ACTIONS_EDIT, followups.router, None),
    "rights": Page("客户权利", "/rights", Permission.PRIVACY_VIEW, rights.router, RUN),
    "retention": Page("保留期限", "/retention", Permission.PRIVACY_VIEW, retention.router, RUN),
    "sources": Page("接入源", "/sources", Permission.SOURCES_VIEW, sources.router, RUN),
    "jobs": Page("任务", "/jobs", Permission.SOURCES_VIEW, jobs.router, RUN),
    "users": Page("用户", "/users", Permission.USERS_VIEW, users.router, RUN),
    "audit": Page("审计", "/audit", Permission.AUDIT_VIEW, audit.router, RUN),
}
