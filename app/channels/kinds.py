"""The words every channel shares: what kind of conversation it is, who speaks, what a score measures."""

from enum import StrEnum


class ChannelKind(StrEnum):
    """Channel kind 渠道类型 of an interaction."""

    PHONE = "phone"
    CHAT = "chat"
    SOCIAL = "social"
    EMAIL = "email"
    SURVEY = "survey"


class Role(StrEnum):
    """Who wrote or said a message."""

    CUSTOMER = "customer"
    AGENT = "agent"
    BOT = "bot"
    SYSTEM = "system"


class ScoreKind(StrEnum):
    """What a score asks: satisfaction, recommendation or effort."""

    CSAT = "csat"
    NPS = "nps"
    CES = "ces"
