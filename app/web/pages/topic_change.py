"""变化的来由: a topic in two periods, and which channels, products, segments and words carry the difference."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from app.deps import require
from app.errors import Invalid
from app.people.models import User
from app.people.roles import Permission
from app.products.service import names as product_names
from app.topics import query
from app.topics.change_words import FEWEST as FEWEST_WORDS
from app.topics.change_words import words_of
from app.topics.changes import FEWEST, change_of
from app.topics.differences import FALSE_SHARE
from app.topics.periods import Periods, Preset, Stretch, checked, preset
from app.web import change_views as views
from app.web.forms import Id, parse_day, store_of
from app.web.render import page, today

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.TOPICS_VIEW))]
Day = Annotated[str, Query(max_length=40)]
DAYS = {
    "later_since": "后一期从",
    "later_until": "后一期到",
    "earlier_since": "前一期从",
    "earlier_until": "前一期到",
}


@router.get("/topics/{topic_id}/change")
def change_page(
    request: Request,
    user: Viewer,
    topic_id: Id,
    period: Annotated[Preset, Query()] = Preset.WINDOW,
    later_since: Day = "",
    later_until: Day = "",
    earlier_since: Day = "",
    earlier_until: Day = "",
) -> Response:
    """What carries the difference of two periods: of a preset, or of the days that are given."""
    on = today(request)
    typed = dict(zip(DAYS, (later_since, later_until, earlier_since, earlier_until), strict=True))
    periods, own, error = preset(period, on), any(typed.values()), None
    try:
        periods = _given(typed, on) if own else periods
    except Invalid as refused:
        error = refused
    with store_of(request).read() as session:
        topic = query.topic(session, topic_id)
        products = product_names(session)
        change = change_of(session, topic_id=topic_id, periods=periods)
        words = words_of(session, topic_id=topic_id, periods=periods)
    later, earlier = periods.later, periods.earlier
    return page(
        request,
        "topic_change.html",
        user,
        status=error.status if error else 200,
        topic=topic,
        error=error.message if error else None,
        lede=views.summary(change, words, products),
        presets=[(one, one.chinese) for one in Preset],
        chosen=None if own and not error else period,
        fields=[
            (name, title, typed[name] if own else views.fields(later, earlier)[name]) for name, title in DAYS.items()
        ],
        change=change,
        later=views.stretch_words(later, on),
        earlier=views.stretch_words(earlier, on),
        later_link=views.list_of(topic_id, later),
        earlier_link=views.list_of(topic_id, earlier),
        more=views.more(change.change),
        tables=views.tables(change, topic_id, products),
        words=words,
        said_more=views.word_rows(words.more, words.read, topic_id, later),
        said_less=views.word_rows(words.less, words.read, topic_id, later),
        fewest=FEWEST,
        fewest_words=FEWEST_WORDS,
        false_share=f"{FALSE_SHARE:.0%}",
    )


def _given(typed: dict[str, str], on: date) -> Periods:
    """The periods of four days. Raises Invalid."""
    days = {name: parse_day(typed[name], field=name, title=title) for name, title in DAYS.items()}
    later = Stretch(days["later_since"], days["later_until"])
    return checked(Periods(later, Stretch(days["earlier_since"], days["earlier_until"])), today=on)
