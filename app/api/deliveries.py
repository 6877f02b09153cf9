"""Where senders deliver: `POST /v1/sources/{source}/deliveries`, signed as Standard Webhooks 1.0.0 says.

The order matters: size, source, signature, form, one durable insert, and only then 2xx. What the delivery says
is worked on afterwards, by a job that was inserted in the same transaction.
"""

import io
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from app.channels import CHANNELS, signature
from app.channels.base import InteractionIn, Rejected
from app.clock import SystemClock
from app.deps import RuntimeDep
from app.errors import TooLarge
from app.feedback import sources
from app.feedback.ingest import Envelope, Received, receive
from app.runtime import Runtime

router = APIRouter(tags=["deliveries"])


class Receipt(BaseModel):
    """The answer to a delivery that is stored, or was stored before."""

    status: Literal["accepted", "duplicate"]


class Problem(BaseModel):
    """What was wrong, in Chinese; `field` is a path into the body, such as messages.0.role."""

    code: str
    message: str
    field: str | None = None


class Refusal(BaseModel):
    """The answer to a delivery that was not taken."""

    error: Problem = Field()


def inlined(schema: Any, definitions: dict[str, Any] | None = None) -> Any:  # noqa: ANN401 - any JSON
    """A JSON schema with its references replaced by what they name; for one without circles."""
    if isinstance(schema, list):
        return [inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    definitions = definitions or schema.get("$defs", {})
    if "$ref" in schema:
        named = definitions[schema["$ref"].rpartition("/")[2]]
        return inlined(named | {name: value for name, value in schema.items() if name != "$ref"}, definitions)
    return {name: inlined(value, definitions) for name, value in schema.items() if name != "$defs"}


_HEADERS = {
    "webhook-id": "the delivery's id, the same in every attempt: what makes a repeated delivery harmless",
    "webhook-timestamp": "seconds since 1970 of this attempt; at most 5 minutes from our clock",
    "webhook-signature": "v1,<base64 of HMAC-SHA256 over id.timestamp.body>; several with spaces between",
}
_DOCUMENTED: dict[str, Any] = {
    "parameters": [
        {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
        for name, text in _HEADERS.items()
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": inlined(InteractionIn.model_json_schema())}},
    },
}
_REFUSALS = {
    400: "signed but malformed; `field` names the first wrong field; the ledger keeps a line without the body",
    401: "no valid signature, or one that is too old",
    404: "no such source",
    409: "a known webhook-id came with another body: an alarm in the ledger, nothing else changes",
    413: "the body is over the size limit",
}


@router.post(
    "/v1/sources/{source}/deliveries",
    status_code=202,
    response_model=Receipt,
    responses={status: {"model": Refusal, "description": text} for status, text in _REFUSALS.items()},
    openapi_extra=_DOCUMENTED,
    summary="Deliver one interaction",
)
async def deliver(source: str, request: Request, runtime: RuntimeDep) -> JSONResponse:
    """Send an interaction as it stands, with all its messages so far.

    202: it is stored durably, now or by an earlier attempt. A later state of the same interaction (same
    external_id) carries a higher revision or a later updated_at; an older one, or the same again, changes nothing.
    """
    body = await _body(request, limit=runtime.settings.max_delivery_bytes)
    return await run_in_threadpool(_deliver, runtime, source, request, body)


async def _body(request: Request, *, limit: int) -> bytes:
    """The raw bytes, read no further than the limit."""
    too_large = TooLarge(f"请求超过 {limit} 字节，没有读入。请拆成几次投递，或联系管理员调大上限。")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise too_large
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise too_large
    return bytes(body)


def _deliver(runtime: Runtime, name: str, request: Request, body: bytes) -> JSONResponse:
    now = runtime.clock.now()
    with runtime.store.read() as session:
        source = sources.by_name(session, name)
        keys = sources.signing_keys(session, source=source)
        options = sources.read_options(session, source, now=now)
    signed = signature.read_headers(request.headers)
    stamp = request.headers["webhook-timestamp"]
    # Signatures live on real time, also where the service shows another day.
    signature.verify(signed, stamp=stamp, body=body, keys=keys, now=SystemClock().now())
    items = list(CHANNELS[source.format](options).read(io.BytesIO(body)))
    problem = items[0] if len(items) == 1 and isinstance(items[0], Rejected) else None
    envelope = Envelope(signed.delivery_id, body, signed.sent_at)
    with runtime.store.write() as session:
        received = receive(session, source=source, envelope=envelope, problem=problem, now=now, queue=runtime.queue)
    if received is Received.REJECTED and problem:
        return _refused(400, "malformed", f"{problem.field}：{problem.message}。", field=problem.field)
    if received is Received.CONFLICT:
        return _refused(409, "delivery_conflict", "这个 webhook-id 先前带来的是别的内容；没有改动，已记入投递台账。")
    return JSONResponse({"status": str(received)}, status_code=202)


def _refused(status: int, code: str, message: str, *, field: str | None = None) -> JSONResponse:
    return JSONResponse(Refusal(error=Problem(code=code, message=message, field=field)).model_dump(), status)
