"""What the service logs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from app.commands import serving

if TYPE_CHECKING:
    import pytest

WORDS = "请打13800138000"


def test_the_server_logs_that_a_request_failed_and_not_with_what(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = logging.getLogger("uvicorn.error")
    monkeypatch.setattr(server, "filters", [])  # other tests get their own back
    serving._keep_words_out()
    server.error("Exception in ASGI application\n", exc_info=ValueError(WORDS))
    assert "Exception in ASGI application" in caplog.text
    assert WORDS not in caplog.text
