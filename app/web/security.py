"""The headers that every answer carries, and who may keep a copy of it."""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
    ),
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000"


def headers_for(scheme: str) -> dict[str, str]:
    """The headers of an answer over `scheme`."""
    return HEADERS | ({"Strict-Transport-Security": HSTS} if scheme == "https" else {})


class SecurityHeaders:
    """ASGI middleware. HSTS is said on https alone: over plain http a browser must ignore it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers to the start of an HTTP answer; pages about customers are not kept by caches."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(headers_for(scope["scheme"]))
                headers["Cache-Control"] = "max-age=86400" if scope["path"].startswith("/static/") else "no-store"
            await send(message)

        await self.app(scope, receive, with_headers)
