"""Jobs of the feedback domain: work off a delivery, and read the customer's side of an interaction.

Both take ids, may run twice, and hold no transaction open while the pipeline thinks.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from sqlmodel import Session, col, select

from app.channels import CHANNELS
from app.channels.base import Rejected
from app.clock import Clock
from app.feedback import contents, corrections, links, masks, sources, spread, wording
from app.feedback.ingest import ANALYSE, Applied, apply_interaction
from app.feedback.models import Analysis, Delivery, DeliveryState, Interaction, InteractionState, Source
from app.feedback.results import analysis_of, demand_of
from app.jobs.queue import JobArgs, JobQueue
from app.store.engine import Store
from app.store.sealing import unseal
from nlp.doc import Doc, Turn
from nlp.pipeline import Pipeline

ASSIGN_TOPIC = "topics.assign"
PAGE = 1_000  # jobs queued in one write transaction
DIFFERS = "内容与已存的不同，但 revision 和 updated_at 没有变大，没有改动"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is to be analysed, as it stood when it was read."""

    interaction_id: int
    content_hash: str
    doc: Doc


def process_delivery(jobs: Sequence[JobArgs], *, store: Store, queue: JobQueue, clock: Clock) -> None:
    """Turn received deliveries into interactions; each is settled in a transaction of its own."""
    for job in jobs:
        with store.write() as session:
            delivery = session.exec(
                select(Delivery).where(col(Delivery.id) == job["delivery_id"]).with_for_update()
            ).one()
            if delivery.state is DeliveryState.RECEIVED and delivery.body is not None:
                _process(session, delivery, queue=queue, clock=clock)


def _process(session: Session, delivery: Delivery, *, queue: JobQueue, clock: Clock) -> None:
    """Apply every item; what was wrong with an item is told in the ledger, and the body is dropped."""
    source = session.get_one(Source, delivery.source_id)
    body = unseal(session, delivery.body or b"", context="delivery.body")
    channel = CHANNELS[source.format](sources.read_options(session, source, now=delivery.received_at))
    for item in channel.read(io.BytesIO(body)):
        if isinstance(item, Rejected):
            delivery.error_field, delivery.error = item.field, item.message
            continue
        applied = apply_interaction(
            session, source=source, value=item, now=clock.now(), queue=queue, delivery_id=delivery.id
        )
        delivery.interaction_count += 1
        if applied is Applied.DIFFERS:
            delivery.error_field, delivery.error = "revision", DIFFERS
    delivery.state, delivery.body = DeliveryState.PROCESSED, None
    session.add(delivery)


def analyse(jobs: Sequence[JobArgs], *, store: Store, queue: JobQueue, pipeline: Pipeline, clock: Clock) -> None:
    """Read a batch of interactions, run the pipeline on them, write masked texts, analyses and their states."""
    with store.read() as session:
        readings = [
            reading
            for job in jobs
            if (reading := _read(session, job["interaction_id"], version=pipeline.version)) is not None
        ]
    if not readings:
        return
    docs = list(pipeline.run([reading.doc for reading in readings]))
    with store.write() as session:
        everywhere = spread.origins(session)
        for reading, doc in sorted(zip(readings, docs, strict=True), key=lambda pair: pair[0].interaction_id):
            _write(session, reading, doc, everywhere, queue=queue, version=pipeline.version, clock=clock)
    failed = sum(doc.failure is not None for doc in docs)
    log.info("feedback analysed", count=len(docs), failed=failed)


def retry_failed(session: Session, *, queue: JobQueue) -> int:
    """Queue every failed interaction again; returns how many."""
    fails = col(Interaction.state) == InteractionState.FAILED
    failed = session.exec(select(Interaction).where(fails).with_for_update()).all()  # a worker may settle one just now
    joined = select(Analysis.id, Analysis.content_hash).join(Interaction, col(Interaction.analysis_id) == Analysis.id)
    words = dict(session.exec(joined.where(fails)).all())
    for interaction in failed:
        read = words.get(interaction.analysis_id) == interaction.content_hash  # by an earlier version
        interaction.state = InteractionState.ANALYSED if read else InteractionState.PENDING
        interaction.failure = None
        session.add(interaction)
        queue.defer(session, ANALYSE, key=str(interaction.id), interaction_id=interaction.id)
    return len(failed)


def reanalyse(store: Store, *, queue: JobQueue, version: str) -> int:
    """Queue every interaction whose analysis is of another version of the pipeline; returns how many.

    Works in short transactions, between which others write. Interrupted, it is simply run again.
    """
    other = (
        select(Interaction.id)
        .join(Analysis, col(Analysis.id) == col(Interaction.analysis_id))
        .where(col(Analysis.pipeline_version) != version)
        .order_by(col(Interaction.id))
    )
    with store.read() as session:
        found = session.exec(other).all()
    for start in range(0, len(found), PAGE):
        with store.write() as session:
            for interaction_id in found[start : start + PAGE]:
                queue.defer(session, ANALYSE, key=str(interaction_id), interaction_id=interaction_id)
    return len(found)


def _read(session: Session, interaction_id: int, *, version: str) -> _Reading | None:
    """The doc of an interaction; None where this version has read these words, or nobody may read them any more."""
    interaction = session.get(Interaction, interaction_id)
    if interaction is None or interaction.state is InteractionState.RESTRICTED:
        return None
    current = session.get(Analysis, interaction.analysis_id) if interaction.analysis_id else None
    if current and (current.content_hash, current.pipeline_version) == (interaction.content_hash, version):
        return None
    messages = contents.messages_of(session, interaction)
    turns = tuple(Turn(message.role, contents.original(session, message)) for message in messages)
    subject = contents.original_subject(session, interaction) or ""
    return _Reading(interaction_id, interaction.content_hash, Doc(str(interaction_id), turns, subject))


def _write(
    session: Session,
    reading: _Reading,
    doc: Doc,
    everywhere: Mapping[int, spread.Origin],
    *,
    queue: JobQueue,
    version: str,
    clock: Clock,
) -> None:
    """Write one result, unless the feedback was ended or newer words arrived meanwhile: those have their own job."""
    wanted = select(Interaction).where(col(Interaction.id) == reading.interaction_id)
    interaction = session.exec(wanted.with_for_update()).first()
    if interaction is None or interaction.state is InteractionState.RESTRICTED:
        return
    if interaction.content_hash != reading.content_hash:
        return
    if doc.failure is not None:
        interaction.state = InteractionState.FAILED
        interaction.failure = f"{doc.failure.stage}: {doc.failure.error}"[:200]
        session.add(interaction)
        return
    spread.hold(session, reading.interaction_id, doc, everywhere, now=clock.now())
    masks.write(session, interaction, doc)
    links.settle(session, interaction, now=clock.now())
    analysis = _stored_analysis(session, reading, doc, version=version, clock=clock)
    corrections.settle(session, analysis)
    interaction.analysis_id = analysis.id
    interaction.state, interaction.failure = InteractionState.ANALYSED, None
    session.add(interaction)
    wording.settle(session, interaction)
    queue.defer(session, ASSIGN_TOPIC, key=str(interaction.id), interaction_id=interaction.id)


def _stored_analysis(session: Session, reading: _Reading, doc: Doc, *, version: str, clock: Clock) -> Analysis:
    """The analysis, written once for each content and version."""
    wanted = select(Analysis).where(
        col(Analysis.interaction_id) == reading.interaction_id,
        col(Analysis.content_hash) == reading.content_hash,
        col(Analysis.pipeline_version) == version,
    )
    analysis = session.exec(wanted).first()
    if analysis is None:
        analysis = analysis_of(
            doc,
            interaction_id=reading.interaction_id,
            content_hash=reading.content_hash,
            version=version,
            at=clock.now(),
        )
        session.add(analysis)
        session.flush()
    analysis.demand = demand_of(doc)  # of an older row too: what is masked may have changed since
    return analysis
