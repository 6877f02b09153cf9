"""The project's own format: one JSON object, an `InteractionIn`."""

from collections.abc import Iterator
from typing import BinaryIO

from pydantic import ValidationError

from app.channels.base import InteractionIn, ReadOptions, Rejected
from app.channels.problems import rejected


class StandardChannel:
    """One interaction in one body."""

    def __init__(self, options: ReadOptions) -> None:
        self._context = {"zone": options.zone}

    def read(self, source: BinaryIO) -> Iterator[InteractionIn | Rejected]:
        """Yield the interaction, or what is wrong with it."""
        try:
            yield InteractionIn.model_validate_json(source.read(), context=self._context)
        except ValidationError as error:
            yield rejected(error)
