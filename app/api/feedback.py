"""Reading and correcting feedback as JSON."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from app.api.feedback_models import CorrectionIn, FeedbackItem, FeedbackOut, FeedbackPage
from app.channels.kinds import ChannelKind
from app.clock import FIRST_DAY, LAST_DAY, day_start
from app.deps import ReadSession, RuntimeDep, WriteSession, require
from app.feedback import corrections, query
from app.feedback.models import InteractionState
from app.people.models import User
from app.people.roles import Permission
from app.search.question import Question, understand
from app.search.service import relevance, saying

ONE_DAY = timedelta(days=1)

Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
Code = Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9_]*$")]
Plain = Annotated[str, Field(max_length=100, pattern=r"^[^\x00]*$")]  # PostgreSQL takes no NUL

FeedbackId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Corrector = Annotated[User, Depends(require(Permission.FEEDBACK_EDIT))]

router = APIRouter(prefix="/v1/feedback", tags=["feedback"], dependencies=[Depends(require(Permission.FEEDBACK_VIEW))])


class Sort(StrEnum):
    """What a list of feedback begins with."""

    NEWEST = "newest"
    BEST = "best"


class FeedbackQuery(BaseModel):
    """Filters, all of which must hold, and the page."""

    q: Annotated[
        Plain,
        Field(description='words that the customer\'s masked text must all hold, "phrases", and -what it must not'),
    ] = ""
    sort: Annotated[Sort, Field(description="`best` needs `q`")] = Sort.NEWEST
    channel: ChannelKind | None = None
    intent: Code | None = None
    touchpoint: Code | None = None
    business: Code | None = None
    cause: Code | None = None
    sentiment: Annotated[int, Field(ge=-2, le=2)] | None = None
    risk: Code | None = None
    product: Plain | None = None
    branch: Plain | None = None
    region: Plain | None = None
    state: InteractionState | None = None
    since: Day | None = Field(default=None, description="first day, in Asia/Shanghai")
    until: Day | None = Field(default=None, description="last day, included")
    page: Annotated[int, Field(ge=1, le=100_000)] = 1
    size: Annotated[int, Field(ge=1, le=query.MAX_PAGE_SIZE)] = 50

    @property
    def question(self) -> Question:
        """What is asked of the words."""
        return understand(self.q)

    def filter(self) -> query.FeedbackFilter:
        """The domain's filter; days become instants."""
        same = self.model_dump(exclude={"q", "sort", "since", "until", "page", "size"})
        return query.FeedbackFilter(
            **same,
            saying=saying(self.question) if self.question else None,
            since=day_start(self.since) if self.since else None,
            until=day_start(self.until + ONE_DAY) if self.until else None,
        )


@router.get("", summary="Search feedback")
def search(session: ReadSession, wanted: Annotated[FeedbackQuery, Query()]) -> FeedbackPage:
    """The newest first, or those that say most of `q`."""
    best = relevance(wanted.question) if wanted.sort is Sort.BEST and wanted.question.wanted else None
    rows, total = query.search(session, filter=wanted.filter(), page=wanted.page, size=wanted.size, best=best)
    items = [FeedbackItem.of(row) for row in rows]
    return FeedbackPage(total=total, page=wanted.page, size=wanted.size, items=items)


@router.get("/{feedback_id}", summary="One feedback")
def one(session: ReadSession, feedback_id: FeedbackId) -> FeedbackOut:
    """Everything but the originals."""
    return FeedbackOut.of(query.detail(session, feedback_id))


@router.post("/{feedback_id}/corrections", summary="Correct its labels", status_code=201)
def correct(
    session: WriteSession, user: Corrector, runtime: RuntimeDep, feedback_id: FeedbackId, told: CorrectionIn
) -> FeedbackOut:
    """What is the same as now changes nothing. 409 where the analysis has been followed by another."""
    corrections.correct(
        session,
        actor=user,
        interaction_id=feedback_id,
        analysis_id=told.analysis_id,
        after=told.after,
        labels=told.labels,
        now=runtime.clock.now(),
    )
    return FeedbackOut.of(query.detail(session, feedback_id))


@router.delete("/{feedback_id}/corrections/{correction_id}", summary="Undo a correction")
def undo(
    session: WriteSession, user: Corrector, runtime: RuntimeDep, feedback_id: FeedbackId, correction_id: FeedbackId
) -> FeedbackOut:
    """What counted before it counts again."""
    corrections.undo(
        session, actor=user, interaction_id=feedback_id, correction_id=correction_id, now=runtime.clock.now()
    )
    return FeedbackOut.of(query.detail(session, feedback_id))
