"""A bank whose feedback is analysed: interactions with masked words, labels and vectors around fixed directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING

import numpy as np
import pytest

from app.channels.kinds import ChannelKind, Role, ScoreKind
from app.feedback.models import Analysis, Interaction, InteractionState, Message, Score, Source
from app.people.models import Role as PersonRole
from app.people.models import User
from app.store.sealing import seal

if TYPE_CHECKING:
    from sqlmodel import Session

    from app.store.engine import Store

NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)
VERSION = "test-1"
MATTERS = {
    "年费": ("信用卡年费没告知就扣了", "要求退还年费", "credit_card"),
    "闪退": ("手机银行升级以后总是闪退", "希望修复闪退", "other"),
    "排队": ("网点排队两个小时窗口太少", "多开几个窗口", "savings"),
    "催收": ("催收电话打给我家里人", "停止骚扰家人", "collection"),
}
_CENTRES = np.random.default_rng(0).normal(size=(len(MATTERS) + 1, 384)).astype(np.float32)


@dataclass
class Bank:
    """Adds analysed feedback with the fewest words."""

    source_id: int
    supervisor: User
    numbers: count[int] = field(default_factory=count)

    def feedback(
        self,
        session: Session,
        matter: str,
        *,
        days_ago: float = 1,
        sentiment: int = -1,
        csat: float | None = None,
        region: str = "远山市",
        version: str = VERSION,
    ) -> int:
        """One analysed interaction about a name of MATTERS ("" is none of them); its id."""
        number = next(self.numbers)
        text, demand, business = MATTERS.get(matter, ("今天天气不错", "", "fx"))
        at = NOW - timedelta(days=days_ago)
        row = Interaction(
            source_id=self.source_id,
            external_id=f"X{number}",
            channel=ChannelKind.CHAT if number % 2 else ChannelKind.PHONE,
            occurred_at=at,
            received_at=at,
            region=region,
            content_hash="0" * 64,
            state=InteractionState.ANALYSED,
        )
        session.add(row)
        session.flush()
        assert row.id is not None
        original = seal(session, text.encode(), context="message.original")
        session.add(
            Message(
                interaction_id=row.id,
                seq=0,
                external_id="1",
                role=Role.CUSTOMER,
                original=original,
                masked_text=f"{text}，第{number}次反映",
            )
        )
        analysis = self._analysis(row.id, matter, number, demand=demand, business=business, version=version)
        analysis.sentiment = sentiment
        session.add(analysis)
        session.flush()
        row.analysis_id = analysis.id
        session.add(row)
        if csat is not None:
            score = Score(
                interaction_id=row.id, kind=ScoreKind.CSAT, value=csat, scale_min=1, scale_max=5, answered_at=at
            )
            session.add(score)
        session.flush()
        return row.id

    def _analysis(
        self, interaction_id: int, matter: str, number: int, *, demand: str, business: str, version: str
    ) -> Analysis:
        random = np.random.default_rng(number)
        near = _CENTRES[list(MATTERS).index(matter)] if matter in MATTERS else 3 * random.normal(size=384)
        vector = near + 0.5 * random.normal(size=384)
        vector /= np.linalg.norm(vector)
        best = {"intent": "complaint", "touchpoint": "branch", "business": business, "cause": "service"}
        return Analysis(
            interaction_id=interaction_id,
            content_hash="0" * 64,
            pipeline_version=version,
            intent=best["intent"],
            touchpoint=best["touchpoint"],
            business=best["business"],
            cause=best["cause"],
            sentiment=-1,
            sentiment_score=-0.5,
            demand=demand,
            labels={
                head: {"name": name, "score": 0.8, "abstained": False, "evidence": []} for head, name in best.items()
            },
            embedding=vector.astype("<f4").tobytes(),
            created_at=NOW,
        )


@pytest.fixture
def bank(store: Store) -> Bank:
    with store.write() as session:
        user = User(login="lin", name="林", role=PersonRole.SUPERVISOR, password_hash="-", created_at=NOW)
        source = Source(
            name="hotline",
            title="热线",
            channel=ChannelKind.PHONE,
            format="standard",
            digest_key=seal(session, bytes(32), context="source.digest_key"),
            created_at=NOW,
        )
        session.add_all([user, source])
        session.flush()
        assert source.id is not None
        return Bank(source.id, user)


@pytest.fixture
def feedback(store: Store, bank: Bank) -> dict[str, list[int]]:
    """Twenty of each matter, spread over eight weeks: matter to interaction ids."""
    with store.write() as session:
        return {matter: [bank.feedback(session, matter, days_ago=1 + 2.5 * i) for i in range(20)] for matter in MATTERS}
