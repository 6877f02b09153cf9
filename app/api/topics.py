"""Topics as JSON."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field

from app.api.feedback_models import FeedbackItem
from app.clock import FIRST_DAY, LAST_DAY, day_start
from app.deps import ReadSession, RuntimeDep, WriteSession, require
from app.people.models import User
from app.people.roles import Permission
from app.topics import query, service
from app.topics.rates import Trend

ONE_DAY = timedelta(days=1)
TopicId = Annotated[int, Path(ge=1, le=2**31 - 1)]

router = APIRouter(prefix="/v1/topics", tags=["topics"], dependencies=[Depends(require(Permission.TOPICS_VIEW))])


class Window(BaseModel):
    """The period looked at and, of the same length, the one before."""

    until: Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)] | None = Field(
        default=None, description="last day, included, in Asia/Shanghai; today when left out"
    )
    days: Annotated[int, Field(ge=1, le=366)] = query.DAYS

    def end(self, now: datetime) -> datetime:
        """The instant at which the window ends."""
        return day_start(self.until + ONE_DAY) if self.until else now


class TopicQuery(Window):
    """The window and the order."""

    sort: query.Sort = query.Sort.RISING


class ChangeOut(BaseModel):
    """Two counts and an exact 95% interval of their ratio; `ratio` and `high` are null where there is none."""

    count: int
    previous: int
    ratio: float | None
    low: float
    high: float | None
    trend: Trend
    wording: str = Field(description="Chinese sentence that claims no more than the interval")


class TopicOut(BaseModel):
    """A topic in a window."""

    id: int
    name: str
    theme: str = Field(description="the business it is grouped under, a value of that label")
    terms: list[str]
    change: ChangeOut
    negative_share: float | None
    csat_mean: float | None = Field(description="1 to 5")
    csat_n: int
    last_seen: datetime | None
    weekly: list[int] = Field(description="feedback in each of the last twelve weeks, oldest first")

    @classmethod
    def of(cls, row: query.TopicRow) -> "TopicOut":
        """From a row of the list."""
        change = ChangeOut.model_validate(row.change, from_attributes=True)
        return cls(
            id=row.id,
            name=row.name,
            theme=row.theme,
            terms=row.terms,
            change=change,
            negative_share=row.negative_share,
            csat_mean=row.csat.value,
            csat_n=row.csat.n,
            last_seen=row.last_seen,
            weekly=row.weekly,
        )


class TopicList(BaseModel):
    """All topics, and how much of the feedback they cover."""

    total: int
    coverage: float | None = Field(description="share of analysed feedback that belongs to a topic; the rest is 未归类")
    fitted_at: datetime | None
    items: list[TopicOut]


class Share(BaseModel):
    """One value's part of a topic."""

    value: str
    count: int
    negative: int


class TopicDetailOut(TopicOut):
    """One topic with its texts."""

    proposed_name: str
    previous_name: str | None
    renamed_by: str | None
    retired: bool
    representatives: list[FeedbackItem]
    breakdowns: dict[str, list[Share]] = Field(description="by channel, product, region and cause")


class NewName(BaseModel):
    """What a topic is to be called."""

    name: Annotated[str, Field(max_length=200)]


@router.get("", summary="List topics")
def topics(session: ReadSession, runtime: RuntimeDep, wanted: Annotated[TopicQuery, Query()]) -> TopicList:
    """The surest rise first, unless `sort` says otherwise."""
    until = wanted.end(runtime.clock.now())
    rows = query.list_topics(session, until=until, days=wanted.days, sort=wanted.sort)
    covered = query.coverage(session)
    items = [TopicOut.of(row) for row in rows]
    return TopicList(total=len(items), coverage=covered.share, fitted_at=covered.fitted_at, items=items)


@router.get("/{topic_id}", summary="One topic")
def topic(
    session: ReadSession, runtime: RuntimeDep, topic_id: TopicId, wanted: Annotated[Window, Query()]
) -> TopicDetailOut:
    """Its weeks, its representative texts and where it comes from."""
    until = wanted.end(runtime.clock.now())
    found = query.topic_detail(session, topic_id=topic_id, until=until, days=wanted.days)
    return TopicDetailOut(
        **TopicOut.of(found.row).model_dump(),
        proposed_name=found.topic.proposed_name,
        previous_name=found.topic.previous_name,
        renamed_by=found.topic.renamed_by,
        retired=found.topic.retired_version_id is not None,
        representatives=[FeedbackItem.of(row) for row in found.representatives],
        breakdowns={
            label: [Share(value=str(value), count=count, negative=negative) for value, count, negative in shares]
            for label, shares in found.breakdowns.items()
        },
    )


@router.post("/{topic_id}/rename", summary="Rename a topic", status_code=204)
def rename(
    session: WriteSession,
    runtime: RuntimeDep,
    topic_id: TopicId,
    wanted: NewName,
    actor: Annotated[User, Depends(require(Permission.TOPICS_EDIT))],
) -> None:
    """Refits keep the name; the audit chain keeps who gave it."""
    service.rename(session, actor=actor, topic_id=topic_id, name=wanted.name, now=runtime.clock.now())


@router.post("/{topic_id}/rename/undo", summary="Bring a topic's previous name back", status_code=204)
def undo_rename(
    session: WriteSession,
    runtime: RuntimeDep,
    topic_id: TopicId,
    actor: Annotated[User, Depends(require(Permission.TOPICS_EDIT))],
) -> None:
    """Done twice, it is as before."""
    service.undo_rename(session, actor=actor, topic_id=topic_id, now=runtime.clock.now())
