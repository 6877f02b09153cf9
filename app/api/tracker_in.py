"""What the tracker's endpoints take. Texts are checked by the domain, which tells why in Chinese."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.clock import FIRST_DAY, LAST_DAY, day_start
from app.tracker.models import IssueState
from app.tracker.transitions import Verb

Id = Annotated[int, Field(ge=1, le=2**31 - 1)]
Text = Annotated[str, Field(max_length=4000)]
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY, description="in Asia/Shanghai")]
Moment = Annotated[AwareDatetime, Field(ge=day_start(FIRST_DAY), lt=day_start(LAST_DAY + timedelta(days=1)))]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, description="the version you saw; 409 where it is not the present")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class IssueQuery(_In):
    """Filters, all of which must hold, and the page."""

    state: list[IssueState] = Field(default_factory=list, max_length=len(IssueState))
    owner_id: Id | None = None
    topic_id: Id | None = None
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    size: Annotated[int, Field(ge=1, le=200)] = 50


class Links(_In):
    """Evidence: topics, and feedback by id."""

    topic_ids: list[Id] = Field(default_factory=list, max_length=500)
    interaction_ids: list[Id] = Field(default_factory=list, max_length=500)


class NewIssue(Links):
    """An issue to open; without an owner it is yours."""

    title: Text
    detail: Text = ""
    owner_id: Id | None = None
    due_on: Day


class IssueChange(_In):
    """What shall change; what is left out stays."""

    version: Version
    title: Text | None = None
    detail: Text | None = None
    owner_id: Id | None = None
    due_on: Day | None = None


class NewAction(_In):
    """An action to plan; without an owner it is the issue's owner's."""

    title: Text
    target: Text = ""
    owner_id: Id | None = None
    due_on: Day


class ActionChange(_In):
    """What shall change; what is left out stays."""

    version: Version
    title: Text | None = None
    target: Text | None = None
    owner_id: Id | None = None
    due_on: Day | None = None


class Move(_In):
    """A move of the transition table."""

    verb: Verb
    version: Version
    note: Text = ""


class ActionMove(Move):
    """A move of an action; `start` takes the day it took effect, today unless told otherwise."""

    started_on: Day | None = None


class Undo(_In):
    """Take the last move back."""

    version: Version


class Plan(_In):
    """Whom to put on the follow-up list: all who may be asked, or a fair sample."""

    limit: Annotated[int, Field(ge=1, le=100_000)] | None = None


class Answer(_In):
    """What became of a follow-up: a CSAT answer, or none."""

    score: Annotated[int, Field(ge=1, le=5)] | None = Field(default=None, description="null: no answer")
    answered_at: Moment | None = Field(
        default=None, description=f"now unless told otherwise; a time of the years {FIRST_DAY.year} to {LAST_DAY.year}"
    )
    note: Text = ""
