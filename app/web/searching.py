"""The filter of the feedback list: from the address to a query, and what it says in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from fastapi import Request
from sqlalchemy import or_
from sqlmodel import Session, col, select

from app.channels.kinds import ChannelKind
from app.clock import day_start
from app.customers.models import Customer
from app.feedback import display
from app.feedback.models import Interaction, InteractionState
from app.feedback.query import FeedbackFilter
from app.feedback.results import HIGH_RISKS
from app.search.question import Question, understand
from app.search.service import saying
from app.topics.models import Topic
from app.topics.query import members
from app.web.labels import CHANNELS, STATES

LABELS = ("intent", "touchpoint", "business", "cause", "risk")
PLACES = {
    "branch": Interaction.branch,
    "region": Interaction.region,
    "product": Interaction.product,
    "segment": Customer.segment,
}
NAMES = (*LABELS, *PLACES, "q", "channel", "sentiment", "topic", "since", "until", "state")
MAX_CHARS = 100
NO_TOPIC = "none"  # the feedback that resembles no topic
BEST = "best"
HIGH = "high"
NEGATIVE = "negative"
SENTIMENTS = {str(value): value for value in range(-2, 3)}
FIRST = ("intent", "risk", "topic", "channel")  # shown at once; the others unfold


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filter, what is asked of the words, the parameters it came from, and what could not be understood."""

    filter: FeedbackFilter
    question: Question = field(default_factory=Question)
    best: bool = False  # those first that say most of what was asked for
    params: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


def wanted_of(request: Request) -> Wanted:
    """The filter of an address. A value that makes no sense is told and not used, so that a list never lies."""
    given = {name: request.query_params.get(name, "").strip()[:MAX_CHARS] for name in NAMES}
    params = {name: value for name, value in given.items() if value}
    question = understand(params.get("q", ""))
    values: dict[str, Any] = {}
    problems = []
    for name, text in params.items():
        try:
            values |= _values(name, text)
        except (ValueError, OverflowError, KeyError):
            problems.append(TITLES.get(name, name))
    told = f"没有使用这些筛选条件，它们的值不对：{'、'.join(problems)}。" if problems else None
    best = bool(question.wanted) and request.query_params.get("sort") == BEST
    return Wanted(FeedbackFilter(**values), question, best, {**dict.fromkeys(NAMES, ""), **params}, told)


def _values(name: str, text: str) -> dict[str, Any]:
    """One parameter as fields of the filter; ValueError where its value makes no sense."""
    read = READERS.get(name)
    return read(text) if read else {name: text}


def _sentiment(text: str) -> dict[str, Any]:
    return {"negative": True} if text == NEGATIVE else {"sentiment": SENTIMENTS[text]}


def _saying(text: str) -> dict[str, Any]:
    question = understand(text)
    if not question:
        raise ValueError(text)
    return {"saying": saying(question)}


READERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "q": _saying,
    "risk": lambda text: {"any_risk": HIGH_RISKS} if text == HIGH else {"risk": text},
    "sentiment": _sentiment,
    "channel": lambda text: {"channel": ChannelKind(text)},
    "state": lambda text: {"state": InteractionState(text)},
    "since": lambda text: {"since": day_start(date.fromisoformat(text))},
    "until": lambda text: {"until": day_start(date.fromisoformat(text) + timedelta(days=1))},
    "topic": lambda text: {"interaction_ids": members(None if text == NO_TOPIC else identifier(text))},
}


def identifier(text: str) -> int:
    """A row's id; ValueError for what no row can have."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError(text)
    return int(text)


TITLES = {
    "q": "包含文字",
    "channel": "渠道",
    "sentiment": "情感",
    "topic": "主题",
    "since": "从",
    "until": "到",
    "state": "状态",
    "branch": "网点",
    "region": "地区",
    "product": "产品",
    "segment": "客群",
    **{head: display.head_title(head) for head in LABELS},
}


def choices(session: Session, products: dict[str, str], wanted: Wanted) -> list[dict[str, Any]]:
    """The lists of the filter form: places that occur, topics that are listed, and the topic that was asked for."""
    fixed = [
        ("intent", display.titles("intent")),
        ("risk", [(HIGH, "任一高风险"), *display.titles("risk")]),
        ("sentiment", [(NEGATIVE, "负面（含强烈）"), *display.titles("sentiment")]),
        ("business", display.titles("business")),
        ("cause", display.titles("cause")),
        ("touchpoint", display.titles("touchpoint")),
        ("channel", list(CHANNELS.items())),
    ]
    shown = or_(col(Topic.listed), col(Topic.id) == _topic_id(wanted))
    topics = session.exec(select(Topic.id, Topic.name).where(shown).order_by(Topic.name))
    fixed.append(("topic", [*((str(id_), name) for id_, name in topics), (NO_TOPIC, "未归类")]))
    for name, column in PLACES.items():
        found = session.exec(select(column).where(col(column).is_not(None)).distinct().order_by(column))
        titles = products if name == "product" else {}
        fixed.append((name, [(value, titles.get(value, value)) for value in found if value]))
    fixed.append(("state", [(state, title) for state, title in STATES.items() if state != InteractionState.RESTRICTED]))
    return [
        {"name": name, "label": TITLES[name], "options": options, "first": name in FIRST} for name, options in fixed
    ]


def scope(session: Session, wanted: Wanted) -> str:
    """The heading of the list: what is being looked at."""
    if wanted.params.get("topic") == NO_TOPIC:
        return "未归类的反馈"
    topic_id = _topic_id(wanted)
    topic = session.get(Topic, topic_id) if topic_id else None
    return f"主题“{topic.name}”的反馈" if topic else "符合条件的反馈" if any(wanted.params.values()) else "全部反馈"


def _topic_id(wanted: Wanted) -> int | None:
    """The topic that the list is narrowed to."""
    chosen = wanted.params.get("topic", "")
    return identifier(chosen) if chosen and chosen != NO_TOPIC and not wanted.problem else None
