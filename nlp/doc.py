"""The values every stage reads and fills.

A `Doc` has parts: part 0…n-1 are its turns, part -1 is the subject, if any. A plain text is one customer
turn. Every `Span` counts code points of the *original* text of its part, half-open, so that a label's
evidence can be shown on the words the customer used, whatever normalisation and masking did in between.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nlp.encoder import Encoding
    from nlp.normalize import NormalText

SUBJECT = -1  # the part number of a subject line
CUSTOMER = "customer"


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Code points [start, end) of one part's original text."""

    part: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, order=True)
class Pii(Span):
    """A piece of personal data; `kind` is a name of data/taxonomy/pii.json such as MOBILE.

    `score` in [0, 1] is how sure the token head and the words around are; None where rules or a person decided.
    """

    kind: str = field(compare=False)
    score: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; `role` is customer, agent, bot or system. Only customer turns are judged."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Label:
    """A head's answer: `score` in [0, 1] is its calibrated probability, `evidence` the words that carry it."""

    name: str
    score: float
    source: str  # version of the stage that said so
    evidence: tuple[Span, ...] = ()
    abstained: bool = False
    value: float | None = None  # of an ordered head (sentiment): the expected value in [-1, 1]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a doc could not be read: the stage's field and the error's class, never the text itself."""

    stage: str
    error: str


@dataclass(slots=True)
class Doc:
    """One feedback on its way through the pipeline; stages return values, the pipeline sets the fields."""

    id: str
    turns: tuple[Turn, ...]
    subject: str = ""
    normal: dict[int, NormalText] = field(default_factory=dict)
    identifiers: tuple[Pii, ...] = ()  # what rules find, before anything is read by the encoder
    pii: tuple[Pii, ...] = ()  # these, and the names and addresses: all that is masked
    words: dict[int, tuple[Span, ...]] = field(default_factory=dict)
    encoding: Encoding | None = None
    labels: dict[str, tuple[Label, ...]] = field(default_factory=dict)
    demand: Span | None = None
    failure: Failure | None = None

    @classmethod
    def of(cls, id: str, text: str, subject: str = "") -> Doc:  # noqa: A002 - the field's own name
        """A doc of one customer turn."""
        return cls(id, (Turn(CUSTOMER, text),), subject)

    def part(self, number: int) -> str:
        """The original text of a part."""
        return self.subject if number == SUBJECT else self.turns[number].text

    def parts(self) -> list[int]:
        """Part numbers in reading order: the subject first, then the turns."""
        return ([SUBJECT] if self.subject else []) + list(range(len(self.turns)))

    def judged(self, number: int) -> bool:
        """True for the customer's own words; other turns are context."""
        return number == SUBJECT or self.turns[number].role == CUSTOMER

    @property
    def sentiment_score(self) -> float:
        """In [-1, 1], above 0 for a satisfied customer; 0 before the doc is judged."""
        return next((label.value for label in self.labels.get("sentiment", ()) if label.value is not None), 0.0)
