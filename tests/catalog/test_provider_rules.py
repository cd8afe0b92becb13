"""What a provider's file may not say, and what a source may not override in it: each with the field that is wrong."""

from collections.abc import Mapping
from typing import Any

import pytest

from hookline.catalog.provider_file import ProviderFile
from hookline.errors import InvalidField

Values = Mapping[str, Any]
HMAC = {"algorithm": "hmac-sha256", "signature": {"at": ["{header.X-Signature}"]}}
FETCH = {
    "algorithm": "rsa-sha256",
    "key": "certificate",
    "signature": {"at": ["{header.X-Signature}"], "pattern": "v=(?P<signature>.+)"},
    "fetch": {
        "url": "{header.X-Url}",
        "host": "keys\\.example\\.com",
        "path": "/keys/.+",
        "form": "certificate",
    },
}


def file(scheme: Values = HMAC, **fields: Any) -> ProviderFile:
    return ProviderFile("made", {"title": "Made", "schemes": {"one": scheme}, **fields})


def refused(made: ProviderFile, overrides: Values) -> InvalidField:
    with pytest.raises(InvalidField) as caught:
        made.provider({}, overrides)
    return caught.value


def scheme(**fields: Any) -> Values:
    return {"schemes": {"one": fields}}


def numbered(count: int) -> Values:
    return {str(number): "*" for number in range(count)}


@pytest.mark.parametrize(
    "overrides",
    [
        {"schemes": {f"s{number}": HMAC for number in range(8)}},
        {"handshakes": {f"h{number}": {} for number in range(9)}},
        scheme(content=["{body}"] * 5),
        scheme(content=["x" * 1001]),
        scheme(signature={"at": ["{header.a}"] * 17}),
        scheme(require=numbered(17)),
        scheme(expect=numbered(17)),
        {"id": ["{json.id}"] * 17},
        {"type": ["{json.type}"] * 17},
        {"items": ["a"] * 17},
    ],
)
def test_everything_that_a_request_is_held_against_has_a_bound(overrides: Values) -> None:
    assert "length <=" in refused(file(), overrides).detail


@pytest.mark.parametrize(
    ("overrides", "field"),
    [
        (scheme(content=["{body}.{body}"]), "schemes.one.content"),
        (scheme(content=["{body}{sorted_form}"]), "schemes.one.content"),
        (scheme(content=["{body.escaped}{body}"]), "schemes.one.content"),
        (scheme(content=["{body}"], each="items"), "schemes.one.content"),
        ({"id": ["{body}"]}, "id"),
        ({"type": ["{sorted_form}"]}, "type"),
        ({"handshakes": {"hello": {"when": {"{body}": "*"}}}}, "handshakes.hello.when"),
    ],
)
def test_what_is_as_long_as_the_request_stands_once(overrides: Values, field: str) -> None:
    """Else a body of 25 MiB is written again for each of its thousand events."""
    error = refused(file(), overrides)
    assert (error.field, "nowhere else" in error.detail) == (f"overrides.{field}", True)


def test_a_text_has_a_bounded_number_of_places() -> None:
    error = refused(file(), scheme(content=["{json.a}" * 33]))
    assert (error.field, "up to 32 places" in error.detail) == ("overrides.schemes.one.content", True)


@pytest.mark.parametrize(
    "name",
    [
        "Location",
        "Set-Cookie",
        "Strict-Transport-Security",
        "Clear-Site-Data",
        "Access-Control-Allow-Origin",
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "X-Accel-Redirect",
        "X-Sendfile",
        "Connection",
        "Content-Type\n",
    ],
)
def test_an_answer_bears_no_header_that_leads_browsers_or_proxies(name: str) -> None:
    error = refused(file(), {"answer": {"headers": {name: "x"}}})
    assert error.field == "overrides.answer.headers"
    for fine in ("Content-Type", "X-Hook-Secret", "WebHook-Allowed-Origin"):
        file().provider({}, {"answer": {"headers": {fine: "x"}}})


@pytest.mark.parametrize(
    "overrides",
    [
        scheme(signature={"pattern": "(?P<signature>(a+)+)"}),
        scheme(fetch={"host": ".+"}),
        scheme(fetch={"path": "(/+)+"}),
        {
            "handshakes": {
                "visit": {"signed": True, "visit": {"url": "{json.url}", "host": "(a+)+"}},
            }
        },
    ],
)
def test_regular_expressions_come_from_files_alone(overrides: Values) -> None:
    assert refused(file(FETCH), overrides).detail.startswith("Regular expressions")


def test_a_parameter_makes_no_regular_expression() -> None:
    pattern = {"at": ["{header.X-Signature}"], "pattern": "{parameter.before}(?P<signature>.+)"}
    parameters = {"before": {"description": "What stands before it.", "default": "v1="}}
    made = file({**HMAC, "signature": pattern}, parameters=parameters)
    assert made.provider({}, {}).schemes["one"].signature is not None
    with pytest.raises(InvalidField, match="Regular expressions"):
        made.provider({"before": "(a+)+"}, {})


def test_what_else_a_scheme_says_may_be_overridden() -> None:
    made = file(FETCH).provider({}, scheme(fetch={"url": "https://keys.example.com/keys/1", "subject": "a"}))
    fetch = made.schemes["one"].fetch
    assert fetch is not None
    assert (fetch.url, fetch.host) == ("https://keys.example.com/keys/1", "keys\\.example\\.com")


@pytest.mark.parametrize("prefix", ["hookline", "hookline.delivery"])
def test_no_provider_makes_events_of_hookline(prefix: str) -> None:
    assert refused(file(), {"prefix": prefix}).field == "overrides.prefix"
    assert file().provider({}, {"prefix": "hooklines"}).event_prefix == "hooklines"
