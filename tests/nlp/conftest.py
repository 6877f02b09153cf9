"""Properties are judged on their answers; how long one example takes says more about the machine."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("nlp", deadline=None)
settings.load_profile("nlp")
