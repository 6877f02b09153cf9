"""A topic's name: a clause of its customers, in their own words.

The clauses of the most central texts compete. Those that say most of the topic's terms come first; with an encoder at
hand, the one among them whose meaning lies nearest to the topic and farthest from the others is taken (as KeyBERT
chooses words: Grootendorst 2020).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count, islice, pairwise
from typing import TYPE_CHECKING
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from nlp.segment import bare, tokens
from nlp.topics.space import unit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]  # short texts to unit vectors (n, d)

LENGTH = (6, 16)  # code points of a clause that can be a name
LONGEST_TERM = 12  # code points; longer ones are no words
TELLING = 3  # of a topic's terms, one of which its name says
SOURCES = 80  # most central texts whose clauses compete
POOL = 30  # clauses whose meaning is looked at
OTHERS = 0.5  # weight of lying near another topic
DEMAND_BONUS = 1.5  # what a customer asks for names a topic better than what else they say
OTHER_MOOD = 0.6  # how far from the topic's typical sentiment score a text is of another mood
OWN_AFFAIR = 0.4  # weight of a clause about one customer's case
PICTURES = {"So", "Sk", "Cn", "Co"}  # Unicode's categories of emoji and what belongs to them: no part of a name
_BREAKS = re.compile(r"(?:[\s,，。!！?？;；:：、…~～()（）“”\"'「」【】《》#＃@→|/—-]|\.(?!\d))+")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LEADING = re.compile(  # 2请退款 loses its number, 12期的账单分期 keeps it
    r"^(?:我们?|你们?|今天|昨天|刚才|现在|您好|请问|麻烦|就是|那个|然后|但是|所以|因为|而且|结果|还有|那|的|嗯|啊|哦"
    r"|\d+(?![\d期万元块毛分天月年日号点个次千百亿折级倍位张条套岁])(?=[\u3400-\u9fff]))+"
)
_PARTICLES = frozenset("呀啊吗呢吧哦嘛啦哈")
_NO_NAME = re.compile(r"(?:[称说讲是在把还要就和与或让给对从为\d]$)|(..+)\1")  # it goes on, or says one thing twice
_ONE_CASE = re.compile(r"\d|本人|支行|分行")


@dataclass(frozen=True, slots=True)
class Voices:
    """What a topic's name is made from.

    terms: c-TF-IDF weight by term, best first. texts, demands, centrality (cosine to the centroid) and moods (sentiment
    scores in [-1, 1]): one per text.
    """

    terms: Mapping[str, float]
    texts: Sequence[str]
    demands: Sequence[str]
    centrality: Floats
    moods: Floats


@dataclass(frozen=True, slots=True)
class Meaning:
    """Where topics lie among the sentence vectors of all texts: `centres` are unit vectors (k, d), seen from `mean`."""

    embed: Embed
    mean: Floats
    centres: Floats

    @classmethod
    def of(cls, embed: Embed, embeddings: Floats, groups: Sequence[Sequence[int]]) -> Meaning:
        """embeddings: (n, d) as `embed` gives them. groups: the rows of each topic."""
        mean = embeddings.mean(axis=0)
        return cls(embed, mean, unit(np.stack([embeddings[list(rows)].mean(axis=0) for rows in groups]) - mean))

    def nearest_first(self, pools: Sequence[Sequence[str]]) -> list[list[str]]:
        """The clauses of each topic, the nearest to it first."""
        flat = [clause for pool in pools for clause in pool]
        if not flat:
            return [[] for _ in pools]
        topic = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])
        likeness = unit(self.embed(flat) - self.mean) @ self.centres.T
        rows = np.arange(len(flat))
        own = likeness[rows, topic]
        likeness[rows, topic] = -1
        worth = own - OTHERS * likeness.max(axis=1)
        ends = np.cumsum([0, *(len(pool) for pool in pools)])
        orders = (begin + np.argsort(-worth[begin:end], kind="stable") for begin, end in pairwise(ends.tolist()))
        return [[flat[row] for row in order] for order in orders]


def name_topics(topics: Sequence[Voices], meaning: Meaning | None = None) -> list[str]:
    """A name for each, all different; the first has the first choice.

    Where the clause says none of the most telling terms, the first of them stands before it ("年费：未告知就扣了").
    """
    pools = [_telling(topic) for topic in topics]
    if meaning is not None:
        pools = meaning.nearest_first(pools)
    taken: set[str] = set()
    names = []
    for topic, pool in zip(topics, pools, strict=True):
        name = _free(topic.terms, pool, taken)
        taken.add(name)
        names.append(name)
    return names


def _free(terms: Mapping[str, float], pool: Sequence[str], taken: set[str]) -> str:
    """The first clause that gives a name of its own."""
    leads = [term for term in islice(terms, TELLING) if len(term) <= LONGEST_TERM]
    for clause in pool:
        said = any(lead in clause.lower() for lead in leads)
        name = clause if said or not leads else f"{leads[0]}：{clause}"
        if name not in taken:
            return name
    return free_name("、".join(leads[:2]) or "其他", taken)


def _telling(topic: Voices) -> list[str]:
    """Up to POOL clauses that say most of the topic's terms, for their length and for where they stand, best first."""
    worth: dict[str, float] = {}
    for clause, weight in _clauses(topic):
        said = sum(value for term, value in topic.terms.items() if term in clause.lower())
        worth[clause] = max(worth.get(clause, 0.0), weight * said / math.sqrt(len(clause) + 8))
    says_any = [clause for clause in worth if worth[clause] > 0] or list(worth)
    return sorted(says_any, key=lambda clause: -worth[clause])[:POOL]


def _clauses(topic: Voices) -> Iterator[tuple[str, float]]:
    """Clauses of fitting length with the weight of where they stand."""
    order = np.argsort(-topic.centrality, kind="stable")
    alike = order[np.abs(topic.moods - np.median(topic.moods))[order] < OTHER_MOOD]  # praise names no complaint
    for row in (alike if len(alike) else order)[:SOURCES]:
        weight = float(max(topic.centrality[row], 0))
        demand = topic.demands[row]
        for part in _BREAKS.split(bare(topic.texts[row])):
            clause = _without_particle(_LEADING.sub("", part))
            fits = LENGTH[0] <= len(clause) <= LENGTH[1] and len(_HAN.findall(clause)) >= len(clause) / 2
            if fits and not _NO_NAME.search(clause) and not any(category(one) in PICTURES for one in clause):
                # the model's span may begin or end inside a clause; a name is never a torn one
                asked = bool(demand) and (demand in part or part in demand)
                general = OWN_AFFAIR if _ONE_CASE.search(clause) else 1.0
                yield clause, weight * general * (DEMAND_BONUS if asked else 1.0)


def _without_particle(clause: str) -> str:
    """The clause without what a voice ends in; 贴吧 keeps its own."""
    if clause[-1:] in _PARTICLES:
        words = [word for word, _, _ in tokens(clause)]
        while words and words[-1] in _PARTICLES:
            clause = clause.removesuffix(words.pop())
    return clause


def free_name(base: str, taken: Collection[str]) -> str:
    """The name, with the smallest number behind it that makes it unlike those taken."""
    return next(name for n in count(1) if (name := base if n == 1 else f"{base}（{n}）") not in taken)


def unnumbered(name: str) -> str:
    """What `free_name` began from."""
    return re.sub(r"（\d+）$", "", name)
