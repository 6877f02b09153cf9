"""One mail as a file (RFC 5322). Auto-replies, bounces and mailing lists are told, and are no feedback."""

import re
from collections.abc import Iterator
from datetime import UTC
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import BinaryIO

from pydantic import ValidationError

from app.channels import mailtext
from app.channels.base import InteractionIn, ReadOptions, Rejected
from app.channels.kinds import ChannelKind
from app.channels.problems import rejected
from app.channels.rows import own_words
from app.channels.times import FIRST_YEAR, LAST_YEAR

MAX_MAIL_BYTES = 25 * 1024 * 1024
MAX_ID = 190  # what is longer is replaced by its digest
ROBOT_HEADERS = ("List-Id", "X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress")
ROBOT_SUBJECT = re.compile(
    r"\s*(?:(?:自动回复|自动答复|系统退信|退信通知)\s*(?:[:：]|$)"
    r"|Auto(?:matic)?[ -]?reply\b|Undeliver|Out of office\b)",
    re.IGNORECASE,
)


class EmlChannel:
    """One mail, one interaction."""

    def __init__(self, options: ReadOptions) -> None:
        self._options = options

    def read(self, source: BinaryIO) -> Iterator[InteractionIn | Rejected]:
        """Yield the mail, or why it is not taken."""
        raw = source.read(MAX_MAIL_BYTES + 1)
        if len(raw) > MAX_MAIL_BYTES:
            yield Rejected(field="file", message=f"邮件超过 {MAX_MAIL_BYTES // 1024 // 1024} MB")
            return
        try:
            mail = BytesParser(policy=compat32).parsebytes(raw)
            robot = _robot(mail)
            yield (
                Rejected(field=robot, message="自动发出的邮件，不是反馈", reason="skipped")
                if robot
                else self._item(mail, raw)
            )
        except RecursionError:
            yield Rejected(field="file", message="邮件各部分嵌套过深")

    def _item(self, mail: Message, raw: bytes) -> InteractionIn | Rejected:
        if not mail.keys():
            return Rejected(field="file", message="不是邮件：没有信头")
        text = mailtext.body(mail)
        message_id = mailtext.header(mail, "Message-ID").strip("<> ")
        if not 0 < len(message_id) <= MAX_ID:
            message_id = "mail-" + self._options.digest(raw)[:32]
        try:
            return InteractionIn.model_validate(
                {
                    "external_id": message_id,
                    "channel": ChannelKind.EMAIL,
                    "sub_channel": None,
                    "occurred_at": self._sent(mail),
                    "subject": mailtext.header(mail, "Subject")[:1000] or None,
                    "messages": own_words(text),
                },
                context={"zone": self._options.zone},
            )
        except ValidationError as error:
            return rejected(error)

    def _sent(self, mail: Message) -> object:
        """The Date header; `now` where there is none that can be believed. `-0000` says UTC of an unknown place."""
        try:
            sent = parsedate_to_datetime(mailtext.header(mail, "Date"))
        except (ValueError, OverflowError):
            return self._options.now
        if not FIRST_YEAR < sent.year < LAST_YEAR:  # a wrong clock; the years at the ends are not safe in every zone
            return self._options.now
        return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


def _robot(mail: Message) -> str | None:
    """The header that tells a mail no person wrote (RFC 3834, RFC 3464 and common practice)."""
    said = {name: mailtext.header(mail, name).casefold() for name in ("Auto-Submitted", "Precedence", "Return-Path")}
    if said["Auto-Submitted"] not in {"", "no"}:
        return "Auto-Submitted"
    if said["Precedence"] in {"bulk", "list", "junk", "auto_reply"}:
        return "Precedence"
    if said["Return-Path"] == "<>":
        return "Return-Path"
    if mail.get_content_type() == "multipart/report":
        return "Content-Type"
    marked = next((name for name in ROBOT_HEADERS if mailtext.header(mail, name)), None)
    return marked or ("Subject" if ROBOT_SUBJECT.match(mailtext.header(mail, "Subject")) else None)
