"""What a step of the pipeline is: it reads some fields of a `Doc` and answers with the value of one more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from nlp.doc import Doc

T_co = TypeVar("T_co", covariant=True)


class Stage(Protocol[T_co]):
    """Pure: no mutation of the docs, no I/O, answers in the docs' order, one per doc.

    A doc's answer must not depend on its neighbours in the batch.
    """

    @property
    def fills(self) -> str:
        """The `Doc` field this stage answers for."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The `Doc` fields that must be filled before."""

    @property
    def version(self) -> str:
        """Stored with each result; changes whenever the answers may change."""

    def predict(self, docs: Sequence[Doc]) -> Sequence[T_co]:
        """One value per doc."""
