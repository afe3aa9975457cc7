"""A direct route reads the same requests as FastAPI, and gives the same errors."""

import json
from typing import Annotated
from urllib.parse import urlencode

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from hypothesis import given, strategies as st
from starlette.testclient import TestClient

from nutgraf.api.http.direct import DirectRoute
from nutgraf.api.http.parameters import from_body, from_query
from nutgraf.api.http.problems import add_problem_handlers
from nutgraf.search import SearchRequest

FROM_QUERY, FROM_BODY = from_query(SearchRequest), from_body(SearchRequest)

VALUES = st.sampled_from(
    ["", "ferry", "5", "0", "1e3", "true", "yes", "hybrid", "a,b", "2023-01", "é\x00", "-1", "null"]
)
NAMES = st.one_of(
    st.sampled_from(["q", "mode", "limit", "offset", "cursor", "sort", "source", "facets", "x"]),
    st.sampled_from(["where", "text", "recency_date", "recency_half_life", "rerank"]),
    st.sampled_from(["rerank_depth", "published_from"]),
)
JSON = st.recursive(
    st.one_of(VALUES, st.integers(-2, 200), st.booleans(), st.none(), st.floats(-1, 2)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["source", "half_life", "pre", "depth"]), inner),
    ),
    max_leaves=4,
)
FIELDS = st.sampled_from(
    ["q", "limit", "filters", "facets", "recency", "rerank", "highlight", "mode", "weight", "x"]
)
TYPES = st.sampled_from(
    [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.api+json",
        "text/plain",
    ]
)


def app_with(route):
    router = APIRouter(route_class=route)

    @router.get("/search")
    async def get(request: Annotated[SearchRequest, Depends(FROM_QUERY)]) -> PlainTextResponse:
        return PlainTextResponse(ascii(request))

    @router.post("/search")
    async def post(request: Annotated[SearchRequest, Depends(FROM_BODY)]) -> PlainTextResponse:
        return PlainTextResponse(ascii(request))

    app = FastAPI()
    app.include_router(router)
    add_problem_handlers(app)
    return app


@pytest.fixture(scope="module")
def clients():
    with TestClient(app_with(DirectRoute)) as direct, TestClient(app_with(APIRoute)) as by_fastapi:
        yield direct, by_fastapi


def same(clients, method, url, **sent):
    direct, by_fastapi = (client.request(method, url, **sent) for client in clients)
    assert (direct.status_code, direct.text) == (by_fastapi.status_code, by_fastapi.text)
    return direct.status_code


@given(st.lists(st.tuples(NAMES, VALUES), max_size=5))
def test_query_is_read_as_by_fastapi(clients, parameters):
    same(clients, "GET", f"/search?{urlencode(parameters)}")


@given(st.dictionaries(FIELDS, JSON, max_size=4), TYPES)
def test_body_is_read_as_by_fastapi(clients, fields, kind):
    same(clients, "POST", "/search", content=json.dumps(fields), headers={"content-type": kind})


def test_unusual_requests_are_read_as_by_fastapi(clients):
    assert same(clients, "GET", "/search?q=a&q=b&source=x&source=y,z&facets=a;b&limit") == 422
    assert same(clients, "GET", "/search?q=%FF%zz&source=&source=b&&=") == 422
    assert same(clients, "GET", "/search?q=a+b%20c&source=x&source=y") == 200
    for body in (b"", b"[]", b"{", b"\xff", b"null", b'"q"', b'{"q": "a", "q": "b"}', b"[" * 9999):
        same(clients, "POST", "/search", content=body, headers={"content-type": "application/json"})
    same(clients, "POST", "/search", content=b'{"q": "a"}')
