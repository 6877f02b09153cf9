"""Whom an action is for: the customers whose words are the evidence of its issue."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_
from sqlmodel import Session, col, func, select

from app.clock import day_start
from app.customers import consents
from app.customers.models import Purpose
from app.feedback.models import Interaction, InteractionState
from app.topics.models import Topic, TopicAssignment
from app.tracker.models import Action, FollowUp, IssueLink


@dataclass(frozen=True, slots=True)
class Reach:
    """Customers affected by an action's issue.

    `may_ask` holds ids, ascending, of those who agreed to surveys and are not on the action's list yet;
    `unknown` counts feedback that names no customer.
    """

    affected: int
    without_consent: int
    listed: int
    unknown: int
    may_ask: tuple[int, ...]


def reach(session: Session, *, action: Action) -> Reach:
    """The customers of the issue's linked feedback, and of the feedback in its linked topics before the start.

    An action that has not started yet counts all feedback so far.
    """
    evidence = session.exec(select(Interaction.customer_id).where(_evidence(action))).all()
    affected = {customer_id for customer_id in evidence if customer_id is not None}
    consented = set(
        session.exec(
            select(Interaction.customer_id)
            .where(_evidence(action), col(Interaction.customer_id).in_(consents.agreed(Purpose.SURVEY)))
            .distinct()
        )
    )
    listed = set(session.exec(select(FollowUp.customer_id).where(FollowUp.action_id == action.id)))
    may_ask = sorted(customer_id for customer_id in consented if customer_id is not None and customer_id not in listed)
    return Reach(
        affected=len(affected),
        without_consent=len(affected - consented),
        listed=len(listed),
        unknown=sum(customer_id is None for customer_id in evidence),
        may_ask=tuple(may_ask),
    )


def in_linked_topics(issue_id: int) -> ColumnElement[bool]:
    """Condition on Interaction: it belongs to one of the issue's topics now."""
    topics = (  # of a topic that was merged away the one it is part of now
        select(func.coalesce(Topic.merged_into_id, Topic.id))
        .join(IssueLink, col(IssueLink.topic_id) == col(Topic.id))
        .where(IssueLink.issue_id == issue_id)
    )
    members = select(TopicAssignment.interaction_id).where(col(TopicAssignment.topic_id).in_(topics))
    return col(Interaction.id).in_(members)


def _evidence(action: Action) -> ColumnElement[bool]:
    """Condition on Interaction: it is evidence of what the action is about, from before the action."""
    linked = select(IssueLink.interaction_id).where(
        IssueLink.issue_id == action.issue_id, col(IssueLink.interaction_id).is_not(None)
    )
    of_topics = in_linked_topics(action.issue_id)
    if action.started_on is not None:
        of_topics = of_topics & (col(Interaction.occurred_at) < day_start(action.started_on))
    processed = col(Interaction.state) != InteractionState.RESTRICTED
    return processed & or_(col(Interaction.id).in_(linked), of_topics)
