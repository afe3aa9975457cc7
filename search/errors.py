"""Errors of requests."""

from __future__ import annotations

from nutgraf.index.errors import UserError

__all__ = ["RequestError"]


class RequestError(UserError):
    """A request that cannot be answered; `field` names the field with the error."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason

    def __reduce__(self) -> tuple[type[RequestError], tuple[str, str]]:
        return RequestError, (self.field, self.reason)
