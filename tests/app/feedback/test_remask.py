"""A person's word on masking counts everywhere at once, outlives a new reading, and can be taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session, select

from app.errors import Conflict, Invalid, NotFound
from app.feedback import links, originals, remask
from app.feedback.ingest import apply_interaction
from app.feedback.models import Analysis, Interaction, MaskReview, Message, Source, Verdict
from app.jobs.queue import EmbeddedQueue
from app.people.models import Role, User
from app.store.audit import AuditEntry
from app.store.engine import Store
from nlp.pipeline import Pipeline
from tests.app.feedback.test_ingest import talk
from tests.conftest import SetClock

NOW = datetime(2026, 10, 20, tzinfo=UTC)
TEXTS = ("我叫谢伟，排队太久", "请打13800138000找谢伟")
Review = Callable[..., MaskReview]


@pytest.fixture
def told(
    store: Store, source: Source, queue: EmbeddedQueue, clock: SetClock, work: Callable[[], int]
) -> Callable[..., None]:
    def one(*texts: str, revision: int = 0) -> None:
        with store.write() as session:
            value = talk(*texts, revision=revision, subject="谢伟的卡")
            apply_interaction(session, source=source, value=value, now=clock.now(), queue=queue)
        work()

    one(*TEXTS)
    return one


@pytest.fixture
def actor(store: Store) -> User:
    with store.write() as session:
        user = User(login="wang", name="王敏", password_hash="-", role=Role.SUPERVISOR, created_at=NOW)
        session.add(user)
        session.flush()
        return user


@pytest.fixture
def review(store: Store, told: Callable[..., None], actor: User) -> Review:
    with store.write() as session:
        originals.unmask(
            session, actor=actor, interaction_id=1, reason="masking", note="检查遮盖", now=NOW - timedelta(minutes=5)
        )

    def one(verdict: Verdict, piece: str, kind: str, *, everywhere: bool = False) -> MaskReview:
        with store.write() as session:
            return remask.review(
                session,
                actor=actor,
                interaction_id=1,
                verdict=verdict,
                piece=piece,
                kind=kind,
                now=NOW,
                queue=waiting(store),
                everywhere=everywhere,
            )

    return one


def waiting(store: Store) -> EmbeddedQueue:
    """A queue that nobody works."""
    return EmbeddedQueue(store, SetClock(NOW))


def shown(session: Session) -> tuple[str, ...]:
    interaction = session.get_one(Interaction, 1)
    messages = session.exec(select(Message.masked_text).order_by("seq")).all()
    return (interaction.subject_masked or "", *(text or "" for text in messages))


BEFORE = ("谢伟的卡", "我叫谢伟，排队太久", "请打[手机号]找谢伟")
MASKED = ("[姓名]的卡", "我叫[姓名]，排队太久", "请打[手机号]找[姓名]")


def test_what_was_missed_is_masked_everywhere_in_the_feedback_and_back_again(
    store: Store, review: Review, actor: User
) -> None:
    with store.read() as session:
        assert shown(session) == BEFORE
    made = review(Verdict.MASK, "谢伟", "NAME")
    with store.read() as session:
        assert shown(session) == MASKED
        assert session.exec(select(Analysis.demand)).one() == "请打[手机号]找[姓名]"
        entry = session.exec(select(AuditEntry).where(AuditEntry.action == "masking.mask")).one()
        assert entry.detail == {"kind": "NAME", "places": 3, "everywhere": False}
        assert "谢伟".encode() not in made.piece
    with store.write() as session:
        remask.undo(session, actor=actor, interaction_id=1, review_id=made.id or 0, now=NOW, queue=waiting(store))
    with store.read() as session:
        assert shown(session) == BEFORE
        assert session.exec(select(Analysis.demand)).one() == "请打[手机号]找谢伟"


def test_what_is_no_personal_data_is_released_and_links_nothing_any_more(
    store: Store, review: Review, actor: User
) -> None:
    made = review(Verdict.RELEASE, "13800138000", "MOBILE")
    with store.read() as session:
        assert shown(session)[2] == "请打13800138000找谢伟"
        assert not list(links._forms(session, session.get_one(Interaction, 1)))
    with store.write() as session:
        remask.undo(session, actor=actor, interaction_id=1, review_id=made.id or 0, now=NOW, queue=waiting(store))
    with store.read() as session:
        assert shown(session) == BEFORE


def test_a_review_holds_for_words_that_come_later(
    store: Store, review: Review, told: Callable[..., None], actor: User
) -> None:
    made = review(Verdict.MASK, "谢伟", "NAME")
    review(Verdict.RELEASE, "13800138000", "MOBILE")
    told("还是我谢伟", "别打13800138000", "打13912345678", revision=1)
    with store.read() as session:
        assert shown(session) == ("[姓名]的卡", "还是我[姓名]", "别打13800138000", "打[手机号]")
    with store.write() as session:
        remask.undo(session, actor=actor, interaction_id=1, review_id=made.id or 0, now=NOW, queue=waiting(store))
    with store.read() as session:  # the later one still holds
        assert shown(session) == ("谢伟的卡", "还是我谢伟", "别打13800138000", "打[手机号]")


@pytest.mark.parametrize(
    ("verdict", "piece", "kind", "message"),
    [
        (Verdict.MASK, "谢伟", "PERSON", "选一种"),
        (Verdict.MASK, " ", "NAME", "1 到 200"),
        (Verdict.MASK, "张三", "NAME", "没有这段文字"),
        (Verdict.MASK, "13800138000", "MOBILE", "已经遮盖"),
        (Verdict.RELEASE, "谢伟", "NAME", "没有被遮盖"),
    ],
)
def test_a_review_that_would_change_nothing_is_refused(
    store: Store, review: Review, verdict: Verdict, piece: str, kind: str, message: str
) -> None:
    with pytest.raises(Invalid, match=message):
        review(verdict, piece, kind)
    with store.read() as session:
        assert shown(session) == BEFORE
        assert session.exec(select(MaskReview)).all() == []


def test_every_review_is_a_case_for_a_model(store: Store, review: Review, pipeline: Pipeline) -> None:
    """The model of these tests knows numbers only."""
    review(Verdict.MASK, "谢伟", "NAME")
    review(Verdict.RELEASE, "13800138000", "MOBILE")
    with store.read() as session:
        assert [(one.verdict, one.right) for one in remask.cases(session, pipeline)] == [
            (Verdict.MASK, False),
            (Verdict.RELEASE, False),
        ]


def test_what_is_not_there_is_not_found(store: Store, actor: User) -> None:
    with store.write() as session, pytest.raises(NotFound):
        remask.undo(session, actor=actor, interaction_id=99, review_id=1, now=NOW, queue=waiting(store))


def test_who_has_not_opened_the_original_cannot_try_pieces_of_it(
    store: Store, told: Callable[..., None], actor: User
) -> None:
    for piece in ("138", "139"):
        with store.write() as session, pytest.raises(Conflict, match="先查看原文"):
            remask.review(
                session, actor=actor, interaction_id=1, verdict=Verdict.MASK, piece=piece, kind="MOBILE", now=NOW,
                queue=waiting(store),
            )  # fmt: skip


def test_nothing_is_reviewed_or_undone_while_newer_words_wait(
    store: Store, source: Source, queue: EmbeddedQueue, review: Review, actor: User
) -> None:
    made = review(Verdict.MASK, "谢伟", "NAME")
    with store.write() as session:
        value = talk(*TEXTS, revision=1, subject="电话13912345678找谢伟")
        apply_interaction(session, source=source, value=value, now=NOW, queue=queue)
    with store.write() as session, pytest.raises(Conflict, match="等"):
        remask.undo(session, actor=actor, interaction_id=1, review_id=made.id or 0, now=NOW, queue=waiting(store))
    with store.read() as session:
        assert session.get_one(Interaction, 1).subject_masked is None


def test_older_analyses_do_not_keep_the_name_in_their_demand(store: Store, review: Review) -> None:
    with store.write() as session:
        now = session.exec(select(Analysis)).one()
        kept = {name: getattr(now, name) for name in Analysis.model_fields if name != "id"}
        session.add(Analysis(**{**kept, "pipeline_version": "older", "demand": "请打[手机号]找谢伟"}))
    review(Verdict.MASK, "谢伟", "NAME")
    with store.read() as session:
        assert set(session.exec(select(Analysis.demand))) == {"请打[手机号]找[姓名]"}
