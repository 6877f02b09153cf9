"""The values a channel yields, and the contract of a channel.

`InteractionIn` is also the project's own wire format (channels/standard.py); its descriptions become the
OpenAPI documentation, so they are written for the people who connect a sender.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Annotated, BinaryIO, Literal, Protocol, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from app.channels.kinds import ChannelKind, Role, ScoreKind
from app.channels.times import UnreadableTimeError, parse_time
from app.clock import ZONE

MAX_TEXT = 50_000  # code points of one message
MAX_MESSAGES = 2_000
MAX_LINE_BYTES = 1024 * 1024  # of one line of a file, as of one delivery
_SEPARATORS = re.compile(r"[\s\-‐-―−]")
IDENTITY = re.compile(r"(?:\+?86)?1[3-9]\d{9}|\d{17}[\dXx]|\d{16,19}|\S+@\S+\.\S+")


def _when(value: object, info: ValidationInfo) -> datetime:
    """Read a time; zone-less ones are in the zone of the validation context, else Asia/Shanghai."""
    zone: tzinfo = (info.context or {}).get("zone", ZONE)
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)
    if not isinstance(value, str):
        raise PydanticCustomError("unreadable_time", "时间须是文字，如 2026-09-21T10:00:00+08:00")
    try:
        return parse_time(value, zone)
    except UnreadableTimeError as error:
        raise PydanticCustomError("unreadable_time", "{reason}", {"reason": str(error)}) from None


def _no_nul(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("nul_character", "不能含有 NUL 字符")
    return value


def _pseudonym(value: str) -> str:
    if IDENTITY.fullmatch(_SEPARATORS.sub("", unicodedata.normalize("NFKC", value))):
        raise PydanticCustomError("identity_as_ref", "看起来是手机号、证件号、卡号或邮箱，请改用客户的化名编号")
    return value


When = Annotated[datetime, BeforeValidator(_when, json_schema_input_type=datetime)]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_no_nul)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_no_nul)]
Pseudonym = Annotated[Name, AfterValidator(_pseudonym)]


class _Value(BaseModel):
    """Immutable; an unknown field is an error, so that a misspelt one is noticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class MessageIn(_Value):
    """One message of an interaction."""

    external_id: ExternalId = Field(description="the sender's id of the message, unique within the interaction")
    role: Role
    text: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_no_nul)] = Field(repr=False)
    sent_at: When | None = None


class ScoreIn(_Value):
    """One answer to a question with a scale."""

    kind: ScoreKind
    value: Annotated[float, Field(allow_inf_nan=False)]
    scale_min: Annotated[float, Field(allow_inf_nan=False)]
    scale_max: Annotated[float, Field(allow_inf_nan=False)]
    answered_at: When | None = Field(default=None, description="the interaction's time where absent")

    @model_validator(mode="after")
    def _on_the_scale(self) -> Self:
        if not self.scale_min < self.scale_max:
            raise PydanticCustomError("bad_scale", "scale_min 须小于 scale_max")
        if not self.scale_min <= self.value <= self.scale_max:
            raise PydanticCustomError("off_scale", "评分不在量表范围内")
        return self


class InteractionIn(_Value):
    """One interaction as it stands: a call, chat, post, mail or survey answer with all its messages so far."""

    external_id: ExternalId = Field(description="the sender's id; the same interaction keeps it for ever")
    revision: int = Field(default=0, ge=0, le=2**31 - 1, description="counts up with each change")
    updated_at: When | None = Field(default=None, description="orders deliveries of the same revision")
    channel: ChannelKind
    sub_channel: Annotated[Name, Field(max_length=60)] | None = Field(default=None, description="such as 95600热线")
    occurred_at: When = Field(description="ISO 8601; without an offset it is in the source's time zone")
    subject: Annotated[str, Field(max_length=1000), AfterValidator(_no_nul)] | None = Field(default=None, repr=False)
    messages: list[MessageIn] = Field(
        default_factory=list, max_length=MAX_MESSAGES, description="in order; may be empty where there is a score"
    )
    customer_ref: Pseudonym | None = Field(default=None, description="pseudonym, never a number or an address")
    product: Name | None = Field(default=None, description="product code")
    branch: Name | None = None
    region: Name | None = None
    scores: list[ScoreIn] = Field(default_factory=list, max_length=3, description="at most one of each kind")

    @model_validator(mode="after")
    def _has_content(self) -> Self:
        if not self.scores and not any(message.text.strip() for message in self.messages):
            raise PydanticCustomError("no_content", "内容为空：messages 里没有文字，也没有评分")
        if len({message.external_id for message in self.messages}) < len(self.messages):
            raise PydanticCustomError("duplicate_message", "messages 里有重复的 external_id")
        if len({score.kind for score in self.scores}) < len(self.scores):
            raise PydanticCustomError("duplicate_score", "scores 里同一种评分出现了两次")
        return self


class Rejected(_Value):
    """One item that could not be read, or is no feedback (`skipped`: auto-replies, bounces, mailing lists)."""

    line: int | None = Field(default=None, description="line of the file, from 1")
    field: str
    message: str = Field(description="Chinese, free of the input's own words")
    raw: str = Field(default="", repr=False, description="the item as it came, for the rejects file")
    reason: Literal["bad", "skipped"] = "bad"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a format needs to know about its source.

    `digest` makes an id for items that have none; it is keyed, because an item holds personal data.
    `mapping`: our field name to the column's name, for tables.
    """

    channel: ChannelKind
    now: datetime
    digest: Callable[[bytes], str]
    zone: tzinfo = ZONE
    mapping: dict[str, str] = field(default_factory=dict)


class Channel(Protocol):
    """A format: bytes to values, nothing else. It opens no address and keeps no state."""

    def __init__(self, options: ReadOptions) -> None: ...

    def read(self, source: BinaryIO) -> Iterator[InteractionIn | Rejected]:
        """Yield every item; a bad one becomes a `Rejected` and the rest goes on. `source` must be seekable."""
