"""Reading the text of a mail as its writer saw it: charsets, headers, HTML."""

import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from html.parser import HTMLParser

from charset_normalizer import from_bytes

# Mail programs say gb2312 and send GBK; GB18030 holds them all.
WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "cp936": "gb18030", "hz-gb-2312": "hz"}
MAX_PARTS = 200
BREAKS = {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "hr"}
QUOTED = re.compile(r"gmail_quote\b|yahoo_quoted|divRplyFwdMsg|isReplyContent|qmQuote|^cite$")
UNSEEN = {"script", "style", "head", "title", "template"}


def decode(data: bytes, charset: str | None) -> str:
    """Text of bytes: by the declared charset (widened), else UTF-8, GB18030, the best guess, Latin-1."""
    declared = (charset or "").strip().strip("\"'").casefold()
    for name in (WIDER.get(declared, declared), "utf-8", "gb18030"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError, ValueError):
            continue
    best = from_bytes(data).best()
    return str(best) if best else data.decode("latin-1")


def header(message: Message, name: str) -> str:
    """A header in readable form, or ""; encoded words of one charset are joined before they are decoded."""
    raw = next((str(value) for key, value in message.raw_items() if key.casefold() == name.casefold()), "")
    data = raw.encode("utf-8", "surrogateescape")
    if not data.isascii():
        return _one_line(decode(data, "utf-8"))
    try:
        parts = decode_header(raw)
    except (HeaderParseError, ValueError):
        return _one_line(raw)
    return _one_line("".join(part if isinstance(part, str) else decode(part, charset) for part, charset in parts))


def body(message: Message) -> str:
    """The first readable text: plain before HTML; attachments and attached mails are left out."""
    parts = list(_texts(message))
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind:
                data = part.get_payload(decode=True)
                text = decode(data if isinstance(data, bytes) else b"", part.get_content_charset())
                text = text.replace("\x00", "")
                readable = text if kind == "text/plain" else html_text(text)
                if readable.strip():
                    return readable.replace("\r\n", "\n").strip()
    return ""


def _texts(message: Message) -> Iterator[Message]:
    stack, seen = [message], 0
    while stack and seen < MAX_PARTS:
        part = stack.pop()
        seen += 1
        children = part.get_payload() if part.is_multipart() else None
        if part.get_content_maintype() == "multipart" and isinstance(children, list):
            stack.extend(child for child in reversed(children) if isinstance(child, Message))
        elif part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment":
            yield part


def html_text(html: str) -> str:
    """What a reader sees of HTML, without loading anything; a quoted mail gets the rule `quotes` looks for."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (re.sub(r"[ \t\xa0]+", " ", line).strip() for line in "".join(reader.pieces).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects text; source line ends are spaces, block elements are line ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._hidden: list[str] = []  # the open hidden element, as often as it is nested in itself

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element opens."""
        if tag in BREAKS:
            self.pieces.append("\n")
        if any(value and QUOTED.search(value) for name, value in attrs if name in {"class", "id", "type"}):
            self.pieces.append("\n-----原始邮件-----\n")
        if tag == self._hidden[0] if self._hidden else tag in UNSEEN:
            self._hidden.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element closes."""
        if self._hidden and tag == self._hidden[0]:
            self._hidden.pop()
        if tag in BREAKS:
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        """Text between tags."""
        if not self._hidden:
            self.pieces.append(re.sub(r"\s+", " ", data))


def _one_line(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())
