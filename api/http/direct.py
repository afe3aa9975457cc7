"""DirectRoute: a route that reads a valid request without FastAPI's dependencies.

FastAPI reads each parameter of a request on its own, which takes longer than to complete a
word or to send an answer from the cache. A direct route gives all parameters to their pydantic
model at once. FastAPI reads the requests that are not valid, so errors stay the same.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from inspect import Parameter, Signature
from typing import Any, Final, Generic, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

__all__ = ["BodyReader", "DirectRoute", "QueryReader", "Reader"]

T = TypeVar("T")

JSON: Final = "application/json"


class Reader(ABC, Generic[T]):
    """A FastAPI dependency that can also read a request without FastAPI."""

    def __init__(
        self, model: type[BaseModel], annotation: Any, make: Callable[[Mapping[str, Any]], T]
    ) -> None:
        self._model = model
        self._make = make
        # FastAPI reads the type of the parameter here.
        parameter = Parameter("read", Parameter.POSITIONAL_OR_KEYWORD, annotation=annotation)
        self.__signature__ = Signature([parameter])

    async def __call__(self, read: BaseModel) -> T:
        """Return the value of parameters that FastAPI has read."""
        return self._make(read.model_dump(exclude_unset=True))

    async def read(self, request: Request) -> T | None:
        """Return the value of a request, None if the request is not valid.

        Raises RequestError if the parameters have the right types, but not valid values.
        """
        given = await self._given(request)
        if given is None:
            return None
        try:
            read = self._model.model_validate(given)
        except ValidationError:
            return None
        return self._make(read.model_dump(exclude_unset=True))

    @abstractmethod
    async def _given(self, request: Request) -> Mapping[str, Any] | None:
        """Return the parameters of a request, None if there are none that can be read."""


class QueryReader(Reader[T]):
    """A Reader of query parameters. The parameters in `lists` may be repeated."""

    def __init__(
        self,
        model: type[BaseModel],
        annotation: Any,
        make: Callable[[Mapping[str, Any]], T],
        lists: frozenset[str],
    ) -> None:
        super().__init__(model, annotation, make)
        self._lists = lists

    async def _given(self, request: Request) -> Mapping[str, Any]:
        query = request.scope["query_string"].decode("latin-1")
        given: dict[str, Any] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name in self._lists:
                given.setdefault(name, []).append(value)
            else:
                given[name] = value
        return given


class BodyReader(Reader[T]):
    """A Reader of a JSON object in the body."""

    async def _given(self, request: Request) -> Mapping[str, Any] | None:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
            return None
        try:
            given = json.loads(await request.body())
        except (ValueError, RecursionError):
            return None
        return given if isinstance(given, dict) else None


class DirectRoute(APIRoute):
    """A route that uses the Reader among its dependencies directly, if it has one."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that answers a request."""
        by_fastapi = super().get_route_handler()
        readers = [each for each in self.dependant.dependencies if isinstance(each.call, Reader)]
        if len(readers) != 1 or len(readers) != len(self.dependant.dependencies):
            return by_fastapi
        name, reader = readers[0].name, readers[0].call
        assert name is not None  # noqa: S101
        assert isinstance(reader, Reader)  # noqa: S101
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint

        async def handle(request: Request) -> Response:
            value = await reader.read(request)
            if value is None:
                return await by_fastapi(request)
            return await endpoint(**{name: value})

        return handle
