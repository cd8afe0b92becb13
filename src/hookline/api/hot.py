"""Hot: the routes that are served without Litestar, as the document tells them."""

from hookline.api.openapi import HotRoute, Json
from hookline.api.publish import MANY, ONE
from hookline.api.receive import PATH
from hookline.api.rules import Rule

_REFUSED = (401, 413, 429, 503)
_OPEN = Rule(scope=None)
_DOC = """{}

No key: the request must prove itself as its provider's requests do. Whatever is wrong, and where there is no such source,
401 says the same; the receipt has the cause. What was accepted is stored, and answered as the provider wants it, which may
be another 2xx than 200. 429 and 503: the provider comes again."""


def _text(name: str, sentence: str) -> Json:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": sentence,
        "schema": {"type": "string"},
    }


_TOKEN = (_text("token", "The end of the source's `receive_url`."),)
_READABLE = (
    _text("tenant", "Its id."),
    _text("path", "The source's `path`; it may have several steps, as `github/main`."),
)
KNOCKS = tuple(
    HotRoute(
        tag="receive",
        method=method,
        path=f"{PATH}{place}",
        name=f"{name}_{where}",
        doc=_DOC.format(sentence),
        rule=_OPEN,
        status=200,
        answer=bytes,
        parameters=parameters,
        refused=_REFUSED,
        content={} if method == "get" else {"*/*": {"schema": {}}},
    )
    for place, where, parameters in (
        ("{token}", "by_token", _TOKEN),
        ("{tenant}/{path}", "by_path", _READABLE),
    )
    for method, name, sentence in (
        ("post", "receive", "Send what a provider has to say to a source."),
        ("get", "shake_hands", "Answer a provider that looks whether somebody is there before it sends."),
    )
)
HOT = (ONE, MANY, *KNOCKS)
