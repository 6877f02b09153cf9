"""What the forms share in which a person judges a feedback."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from pydantic import BaseModel, Field

from app.feedback import display


class CorrectionForm(BaseModel):
    """What the forms 改正 and 复核 send: a value of every head, "" where the person leaves it undecided."""

    analysis_id: Annotated[int, Field(ge=1, le=2**31 - 1)]
    after: Annotated[int, Field(ge=0, le=2**31 - 1)]
    intent: str = ""
    touchpoint: str = ""
    business: str = ""
    cause: str = ""
    sentiment: str = ""
    risk: Annotated[list[str], Field(max_length=20)] = []

    def labels(self) -> dict[str, str | list[str]]:
        """Head to value for the heads that are decided."""
        told = self.model_dump(exclude={"analysis_id", "after"})
        return {head: value for head, value in told.items() if value != ""}


def heads_told(heads: Iterable[str]) -> str:
    """Heads as a sentence names them."""
    return "、".join(f"“{display.head_title(head)}”" for head in heads)
