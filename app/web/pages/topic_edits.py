"""编辑主题: merge, split, move, pin and hide, each shown with what it would change, and all of them undoable."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from sqlmodel import Session, col, select

from app.deps import require
from app.errors import Invalid
from app.feedback.query import rows_by_id
from app.people.models import User
from app.people.roles import Permission, allowed
from app.products.service import names as product_names
from app.topics import describe, editing, lineage, query, themes
from app.topics.models import EditKind, EventKind, Topic, TopicEdit
from app.topics.names import checked_name
from app.web.flash import Flash, Undo
from app.web.forms import Id, change, store_of
from app.web.labels import row_view
from app.web.render import page

router = APIRouter()

Viewer = Annotated[User, Depends(require(Permission.TOPICS_VIEW))]
Editor = Annotated[User, Depends(require(Permission.TOPICS_EDIT))]
Words = Annotated[str, Query(max_length=100)]
Word = Annotated[str, Form(max_length=400)]
Chosen = Annotated[list[int], Form(max_length=500)]
SHOWN = 60  # texts to tick
EVENTS = {EventKind.BORN: "新出现", EventKind.RETIRED: "不再出现", EventKind.SPLIT: "分出", EventKind.MERGED: "并入"}
EDITS = {EditKind.MERGE: "合并", EditKind.SPLIT: "拆分", EditKind.MOVE: "移动或固定", EditKind.HIDE: "隐藏"}
# words and groups are looked for anew with every request, and feedback comes and goes between two
CHANGED = Flash("看过预览之后，这部分反馈变了，所以还没有改。请看现在的条数，再点“确定”。", "bad")


@router.get("/topic-history")
def history_page(request: Request, user: Viewer) -> Response:
    """沿革: what people edited, with the way back, and what each fit did."""
    with store_of(request).read() as session:
        edits = session.exec(select(TopicEdit).order_by(col(TopicEdit.id).desc()).limit(100)).all()
        versions = lineage.history(session)
        names = {topic.id: topic.name for topic in session.exec(select(Topic))}
        people: dict[int | None, str] = {person.id: person.name for person in session.exec(select(User))}
    return page(
        request,
        "topic_history.html",
        user,
        edits=[(edit, EDITS[edit.kind], people.get(edit.user_id, "")) for edit in edits],
        versions=versions,
        names=names,
        events=EVENTS,
        born=EventKind.BORN,
        may_edit=allowed(user.role, Permission.TOPICS_EDIT),
    )


@router.post("/topic-edits/{edit_id}/undo")
def undo(request: Request, user: Editor, edit_id: Id) -> Response:
    """Take any edit back."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        edit = session.get(TopicEdit, edit_id)
        to = f"/topics/{edit.topic_id}" if edit else "/topic-history"

    def deed(session: Session) -> Flash:
        taken = editing.undo(session, actor=user, edit_id=edit_id, now=now)
        return Flash(f"已撤销{EDITS[taken.kind]}，主题恢复原样。")

    return change(request, deed, to=to)


@router.post("/topics/{topic_id}/theme")
def theme(request: Request, user: Editor, topic_id: Id, theme: Word = "") -> Response:
    """Under which theme the topic is listed; an empty one leaves it to its feedback."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        topic = query.topic(session, topic_id)
        before = topic.theme if topic.theme_by else ""
        themes.put(session, actor=user, topic_id=topic_id, theme=theme, now=now)
        title = themes.title(topic.theme)
        said = f"已归入大类“{title}”，重新聚类后不变。" if theme else f"大类由反馈决定，现在是“{title}”。"
        return Flash(said, undo=Undo(f"/topics/{topic_id}/theme", {"theme": before}))

    return change(request, deed, to=f"/topics/{topic_id}")


@router.get("/topics/{topic_id}/split")
def split_page(request: Request, user: Editor, topic_id: Id, q: Words = "") -> Response:
    """Choose some of a topic's feedback: by words, by the parts it falls into, or one by one."""
    return _split_page(request, user, topic_id, q=q)


@router.post("/topics/{topic_id}/split")
def split(
    request: Request,
    user: Editor,
    topic_id: Id,
    chosen: Chosen = [],  # noqa: B006 - FastAPI copies it
    q: Word = "",
    part: Word = "",
    name: Word = "",
    target: Word = "",
    seen: Word = "",
    sure: Word = "",
) -> Response:
    """Show what the edit would change; with `sure`, make it, if it takes what the digest `seen` says was shown."""
    now = request.app.state.runtime.clock.now()
    to = int(target) if target.isascii() and target.isdigit() and len(target) < 10 else None  # noqa: PLR2004 - an id
    told = {"q": q, "part": part, "name": name, "target": target}
    try:
        with store_of(request).read() as session:
            ids = _chosen(session, topic_id, chosen, q, part)
            new_name = "" if to else checked_name(name)
            rows = editing.differences(session, editing.drafted(topic_id, to, ids), new_name=new_name)
            topic = query.topic(session, topic_id)
    except Invalid as error:
        return _split_page(request, user, topic_id, q=q, told=told, chosen=chosen, error=error)
    digest = _digest(ids)
    if sure != "yes" or seen != digest:
        ticked = [("chosen", str(id_)) for id_ in chosen]
        what = "移到" if to and to != topic_id else "固定在" if to else "拆成新主题"
        return page(
            request, "topic_preview.html", user, topic=topic, what=what, rows=rows, count=len(ids),
            fields=[*told.items(), ("seen", digest), *ticked], action=f"/topics/{topic_id}/split",
            said=CHANGED if sure == "yes" else None, status=409 if sure == "yes" else 200,
        )  # fmt: skip

    def deed(session: Session) -> Flash:
        if to:
            made = editing.move(session, actor=user, topic_id=topic_id, target_id=to, interaction_ids=ids, now=now)
            said = f"{len(ids)} 条已{'固定在本主题' if to == topic_id else '移走'}，重新聚类后也不变。"
        else:
            made = editing.split(session, actor=user, topic_id=topic_id, name=name, interaction_ids=ids, now=now)
            said = f"已把 {len(ids)} 条拆成新主题“{name.strip()}”，以后相似的也会归过去。"
        return Flash(said, undo=Undo(f"/topic-edits/{made.id}/undo", {}))

    return change(request, deed, to=f"/topics/{topic_id}")


@router.post("/topics/{topic_id}/merge")
def merge(
    request: Request, user: Editor, topic_id: Id, target_id: Annotated[int, Form(ge=1)], sure: Word = ""
) -> Response:
    """Show what the merge would change; with `sure`, make it."""
    now = request.app.state.runtime.clock.now()
    with store_of(request).read() as session:
        topic, other = query.topic(session, topic_id), query.topic(session, target_id)
        rows = editing.differences(session, editing.drafted(topic_id, target_id))
    if sure != "yes":
        return page(
            request, "topic_preview.html", user, topic=topic, what=f"并入“{other.name}”", rows=rows,
            count=sum(max(0, row.before - row.after) for row in rows), fields=[("target_id", str(target_id))],
            action=f"/topics/{topic_id}/merge",
        )  # fmt: skip

    def deed(session: Session) -> Flash:
        made = editing.merge(session, actor=user, topic_id=topic_id, target_id=target_id, now=now)
        return Flash(
            f"已把“{topic.name}”并入本主题，以后的也归过来。",
            undo=Undo(f"/topic-edits/{made.id}/undo", {}),
        )

    return change(request, deed, to=f"/topics/{target_id}")


@router.post("/topics/{topic_id}/hide")
def hide(request: Request, user: Editor, topic_id: Id) -> Response:
    """Take a topic out of the lists."""
    now = request.app.state.runtime.clock.now()

    def deed(session: Session) -> Flash:
        made = editing.hide(session, actor=user, topic_id=topic_id, now=now)
        return Flash("已隐藏，不再列出；反馈还在。", undo=Undo(f"/topic-edits/{made.id}/undo", {}))

    return change(request, deed, to="/topics")


def _split_page(
    request: Request, user: User, topic_id: int, *, q: str, told: dict[str, str] | None = None,
    chosen: Sequence[int] = (), error: Invalid | None = None,
) -> Response:  # fmt: skip
    with store_of(request).read() as session:
        topic = query.topic(session, topic_id)
        found = describe.containing(session, topic_id, q) if q.strip() else query.representatives(session, topic)
        rows = rows_by_id(session, found[:SHOWN])
        products = product_names(session)
        offers = [] if q.strip() else describe.offers(session, topic_id)
        others = session.exec(select(Topic).where(Topic.listed, Topic.id != topic_id).order_by(Topic.name)).all()
        size = editing.size_of(session, topic_id)
    return page(
        request,
        "topic_split.html",
        user,
        status=422 if error else 200,
        topic=topic,
        size=size,
        q=q.strip(),
        found=len(found) if q.strip() else 0,
        rows=[row_view(row, products) for row in rows],
        offers=[(number, offer.terms, len(offer.interaction_ids)) for number, offer in enumerate(offers)],
        targets=[(topic_id, "留在本主题，固定住"), *((one.id, one.name) for one in others)],
        told=told or {"name": "", "target": ""},
        chosen=chosen,
        error=error.message if error else "",
    )


def _chosen(session: Session, topic_id: int, chosen: Sequence[int], q: str, part: str) -> list[int]:
    """The feedback that a form means: ticked ones, else all with these words, else a part that was offered."""
    if chosen:
        return list(chosen)
    if q.strip():
        found = describe.containing(session, topic_id, q)
        if not found:
            raise Invalid(f"本主题里没有含“{q.strip()}”的反馈。", field="q")
        return found
    offers = describe.offers(session, topic_id)
    if part.isascii() and part.isdigit() and int(part) < len(offers):
        return offers[int(part)].interaction_ids
    if part:
        raise Invalid("您选的那一组已经不在了，请重新选。", field="chosen")
    raise Invalid("请先选出要挑走的反馈。", field="chosen")


def _digest(interaction_ids: Sequence[int]) -> str:
    """Tells one choice of feedback from another."""
    return hashlib.sha256(",".join(map(str, sorted(interaction_ids))).encode()).hexdigest()
