"""What can go wrong for a person, told in their language.

HuishengError            500  anything below; `message` is Chinese: what happened and what to do next
├── Unauthorised         401  no session, no token, or a signature that does not match
├── Forbidden            403  signed in, but the role may not do this
├── NotFound             404  the thing named does not exist (or no longer)
├── Conflict             409  the thing is in a state that does not allow this
├── TooLarge             413  an input is over its size limit
├── Invalid              422  a value cannot be accepted; `field` (and `line` of a file) say which
└── NotReady             503  the installation lacks something: key file, migrations, model

Messages never hold personal data: they are logged, shown and returned by the API.
"""

from __future__ import annotations


class HuishengError(Exception):
    """Base of all errors a person is told about.

    `message`: Chinese sentence, free of personal data. `code`: stable machine name, e.g. "not_found".
    """

    code = "error"
    status = 500

    def __init__(self, message: str, *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if code is not None:
            self.code = code


class Unauthorised(HuishengError):
    """Who is asking is not known (401)."""

    code = "unauthorised"
    status = 401


class Forbidden(HuishengError):
    """The role may not do this (403)."""

    code = "forbidden"
    status = 403


class NotFound(HuishengError):
    """The thing named does not exist (404)."""

    code = "not_found"
    status = 404


class Conflict(HuishengError):
    """The present state does not allow this (409)."""

    code = "conflict"
    status = 409


class TooLarge(HuishengError):
    """An input is over its size limit (413)."""

    code = "too_large"
    status = 413


class Invalid(HuishengError):
    """A value cannot be accepted (422); `field` names it, `line` (from 1) where the input is a file."""

    code = "invalid"
    status = 422

    def __init__(self, message: str, *, field: str, line: int | None = None, code: str | None = None) -> None:
        super().__init__(message, code=code)
        self.field = field
        self.line = line


class NotReady(HuishengError):
    """The installation lacks something; the message says which command mends it (503)."""

    code = "not_ready"
    status = 503
