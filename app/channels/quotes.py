"""Telling what the writer of a mail wrote from what he quotes.

Chinese mail programs mark quotes in their own ways (在…写道：, -----原始邮件-----, a block of 发件人/收件人/主题),
which common libraries miss. What is cut off is kept by the caller as context; only the writer's own words are judged.
"""

import re

RULE = re.compile(
    r"[-_=\s]*[-_=]{2,}\s*"
    r"(?:原始邮件|原邮件|原始信息|转发的邮件|转发邮件|Original Message|Forwarded message)"
    r"\s*[-_=]{2,}[-_=\s]*",
    re.IGNORECASE,
)
# A date or an address must stand in it: 在留言簿上我写道： is the writer's own.
WROTE = re.compile(
    r"\s*(?:在\s*(?=.*(?:\d[年/.:-]\s?\d|[@<])).{4,120}|.{0,80}于\s*\d{4}.{4,80})(?:写道|写到|写了)\s*[:：]?\s*"
    r"|\s*On\s.{5,120}wrote:\s*",
    re.DOTALL | re.IGNORECASE,
)
HEADER = re.compile(
    r"\s*\**(?:发件人|寄件人|发送时间|发送日期|日期|收件人|抄送|主题|From|Sent|Date|To|Cc|Subject)\**\s*[:：]",
    re.IGNORECASE,
)
SENDER = re.compile(r"\s*\**(?:发件人|寄件人|From)\**\s*[:：]", re.IGNORECASE)
SIGNATURE = re.compile(
    r"\s*(?:发自我的.{0,30}|发自.{0,12}(?:邮箱|邮箱大师|手机)|从我的.{0,20}发送|来自.{0,12}邮箱"
    r"|获取\s?Outlook.{0,40}|Sent from my .{0,40})\s*",
    re.IGNORECASE,
)
MAX_MARK = 300  # a longer line is prose; matching it would cost time and find nothing
HEADER_BLOCK = 3  # that many header lines in a row are a quoted head


def split_quotes(text: str) -> tuple[str, str]:
    """(own words, quoted rest). A forward without own words counts as own, for the customer chose to send it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    end = next((at for at in range(len(lines)) if _quote_starts(lines, at)), len(lines))
    own = [line for line in lines[:end] if not _quoted(line)]
    written = "\n".join(line for line in own if not _matches(SIGNATURE, line)).strip()
    if not written:
        return text.strip(), ""
    quoted = [line for line in lines[:end] if _quoted(line)] + lines[end:]
    return written, "\n".join(quoted).strip()


def _quoted(line: str) -> bool:
    return line.lstrip().startswith((">", "》"))


def _matches(pattern: re.Pattern[str], text: str) -> bool:
    return len(text) <= MAX_MARK and pattern.fullmatch(text) is not None


def _quote_starts(lines: list[str], at: int) -> bool:
    line = lines[at]
    if not line.strip():
        return False
    if line == "-- " or _matches(RULE, line) or _matches(WROTE, line):
        return True
    # Long addresses make programs wrap 在…写道： over two lines.
    if line.lstrip().startswith(("在", "On ")) and _matches(WROTE, "\n".join(lines[at : at + 2])):
        return True
    if not SENDER.match(line[:MAX_MARK]):
        return False
    block = [part[:MAX_MARK] for part in lines[at : at + 6] if part.strip()][:HEADER_BLOCK]
    return len(block) == HEADER_BLOCK and all(HEADER.match(part) for part in block)
