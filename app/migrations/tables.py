"""Every domain's tables, imported so that `METADATA` is complete."""

import re

from sqlmodel import SQLModel

from app.compliance import models as compliance
from app.customers import models as customers
from app.feedback import models as feedback
from app.jobs import models as jobs
from app.people import models as people
from app.products import models as products
from app.review import models as review
from app.store import audit
from app.topics import models as topics
from app.tracker import models as tracker

DOMAINS = (audit, compliance, customers, feedback, jobs, people, products, review, topics, tracker)
METADATA = SQLModel.metadata

SEARCH_INDEX = re.compile(r"search_index(_[a-z]+)?|ix_search_text_document|document")


def declared(item: object, name: str | None, kind: str, reflected: bool, counterpart: object) -> bool:  # noqa: ARG001, FBT001 - Alembic's signature
    """False for what the database keeps of the full text search by itself (0008): no model speaks of it."""
    return not (reflected and name and SEARCH_INDEX.fullmatch(name))
