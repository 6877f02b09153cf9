"""Errors as people meet them: a page in Chinese in the console, JSON under /v1.

Every page says what happened and what to do next; a 403 names who can grant the right. Nothing of the
request's content is repeated or logged.
"""

from __future__ import annotations

import traceback
from http import HTTPStatus
from typing import cast

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlmodel import Session
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import Receive, Scope, Send

from app.deps import SESSION_COOKIE
from app.errors import Forbidden, HuishengError, Invalid, TooLarge, Unauthorised
from app.people import service as people
from app.people.models import Role, User
from app.web.render import link_to, page, redirect
from app.web.security import headers_for

log = structlog.get_logger(__name__)

TITLES = {
    401: "请先登录",
    403: "没有这项权限",
    404: "没有找到",
    405: "不能这样打开",
    409: "没有保存",
    413: "内容太大",
    422: "内容有误",
    429: "请稍后再试",
    500: "服务出错了",
    503: "服务还没准备好",
}
WORDS = {
    404: "没有这个页面，可能网址有误或内容已不在。请从左侧导航重新进入。",
    405: "这个地址只接受表单提交。请从页面上的按钮操作。",
    413: "提交的内容超过大小上限，没有读入，也没有保存。请把文件分成几份，或把文字改短，再重新提交。",
    422: "提交的内容里有不能识别的值。请返回上一页，检查后重新提交。",
    500: "刚才的操作没有完成，数据没有改动。请稍后再试；如果仍然出错，请把时间告诉系统管理员查看日志。",
}


def install_error_pages(app: FastAPI) -> None:
    """Answer every error of the application by face: pages here, JSON under /v1."""
    app.add_exception_handler(HuishengError, _told)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(413, _too_large)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(Exception, _unexpected)


class BodyLimit(RequestBodyLimitMiddleware):
    """ASGI middleware that refuses a body by the length it declares, unread.

    Starlette's limit would answer such a body itself, in bare English; it counts those that declare none.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is too large by face, and let the rest through."""
        if scope["type"] == "http" and _declared(request := Request(scope)) > self.max_body_size:
            answer = await run_in_threadpool(_told, request, TooLarge(WORDS[413]))
            await answer(scope, receive, send)
            return
        await super().__call__(scope, receive, send)


def _told(request: Request, error: Exception) -> Response:
    error = cast("HuishengError", error)
    extra = {"field": error.field, "line": error.line} if isinstance(error, Invalid) else {}
    if not _console(request):
        return _json(error.status, error.code, error.message, **extra)
    if isinstance(error, Unauthorised):
        return redirect(request, link_to("/login", next=_wanted(request)))
    return _page(request, error.status, error.message, granting=isinstance(error, Forbidden))


def _http(request: Request, error: Exception) -> Response:
    error = cast("HTTPException", error)
    words = WORDS.get(error.status_code, "请求没有被接受。请返回上一页再试。")
    if _console(request):
        return _page(request, error.status_code, words)
    return _json(error.status_code, HTTPStatus(error.status_code).name.lower(), words)


def _too_large(request: Request, _error: Exception) -> Response:
    return _told(request, TooLarge(WORDS[413]))


def _unreadable(request: Request, error: Exception) -> Response:
    error = cast("RequestValidationError", error)
    if _console(request):
        status = 404 if any(one["loc"][0] == "path" for one in error.errors()) else 422
        return _page(request, status, WORDS[status])
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"][1:])
    return _json(422, "invalid", f"字段 {place} 的值不能接受，请对照 /v1/openapi.json 修改。", field=place)


def _unexpected(request: Request, error: Exception) -> Response:
    # Where it failed, never with what: a traceback's values may be a customer's words.
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-5:]]
    log.error("request failed", route=_route(request), error=type(error).__qualname__, places=places)
    answer = _page(request, 500, WORDS[500]) if _console(request) else _json(500, "error", WORDS[500])
    answer.headers.update(headers_for(request.url.scheme))  # it is sent from outside of SecurityHeaders
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _declared(request: Request) -> int:
    """The length that the body says it has; 0 where it says none."""
    length = request.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() else 0


def _route(request: Request) -> str:
    """The path's pattern, without the values in it."""
    return str(getattr(request.scope.get("route"), "path", "unknown"))


def _page(request: Request, status: int, message: str, *, granting: bool = False) -> Response:
    user, granters = None, []
    if status != HTTPStatus.INTERNAL_SERVER_ERROR:  # the store itself may be what failed
        with request.app.state.runtime.store.read() as session:
            user = _who(request, session)
            granters = _granters(session) if granting and user else []
    title = TITLES.get(status, "请求没有被接受")
    return page(request, "error.html", user, status=status, title=title, message=message, granters=granters)


def _who(request: Request, session: Session) -> User | None:
    token = request.cookies.get(SESSION_COOKIE)
    now = request.app.state.runtime.clock.now()
    return people.session_user(session, token=token, now=now) if token else None


def _granters(session: Session) -> list[User]:
    """The people who can change a role."""
    return [person for person in people.list_users(session, active_only=True) if person.role is Role.ADMIN]


def _wanted(request: Request) -> str | None:
    """The page to come back to after the log-in; a form's address is not one."""
    if request.method != "GET" or request.url.path == "/":
        return None
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _console(request: Request) -> bool:
    return not request.url.path.startswith(("/v1", "/healthz", "/readyz"))


def _json(status: int, code: str, message: str, **extra: object) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message, **extra}}, status_code=status)
