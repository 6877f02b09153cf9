"""Every domain's tables, imported so that `METADATA` is complete."""

from sqlmodel import SQLModel

from app.compliance import models as compliance
from app.customers import models as customers
from app.feedback import models as feedback
from app.jobs import models as jobs
from app.people import models as people
from app.products import models as products
from app.store import audit
from app.topics import models as topics
from app.tracker import models as tracker

DOMAINS = (audit, compliance, customers, feedback, jobs, people, products, topics, tracker)
METADATA = SQLModel.metadata
