"""Whatever a stranger sends, a receiver answers with values: it never raises, and never names what nobody may be named."""

import json
import re
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookline.catalog.provider_file import ProviderFile
from hookline.model.patterns import check_type
from hookline.receive.identify import MAX_ID
from hookline.receive.inbound import Inbound
from hookline.receive.receiver import Choices, Receiver
from hookline.receive.telling import Telling
from tests.catalog.provider_cases import PROVIDERS, inbound_of, samples_of
from tests.clock import NOON
from tests.receive.making import URL

METHODS = st.sampled_from(["POST", "GET", "HEAD", "PUT", "OPTIONS", "", "post", "\xff"])
TYPES = st.sampled_from(
    [b"application/json", b"application/x-www-form-urlencoded; charset=x", b"text/plain", b"\xff", b""]
)
PLACE = re.compile(r"\{([a-z_]+)\.([^{}?]+)\??\}")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.sampled_from(["*", "0"]),
)


class Known(NamedTuple):
    """What a provider looks for: a stranger who wants to hurt knows it, too."""

    receiver: Receiver
    telling: Telling
    headers: list[bytes]
    steps: list[str]
    fields: list[str]
    seeds: list[Inbound]


def known(name: str) -> Known:
    file = PROVIDERS[name]
    samples = samples_of(name)
    sample = samples[0]
    made = file.provider({**_required(file), **sample.parameters}, sample.overrides)
    texts = _texts(made.schemes, made.handshakes, made.id, made.type, made.items)
    return Known(
        receiver=Receiver(made, Choices(secrets=sample.secrets, schemes=tuple(made.schemes))),
        telling=Telling(made, ()),
        headers=sorted({one.lower().encode() for one in texts["header"]} | {b"content-encoding", b"x-other"}),
        steps=sorted({step for text in texts["json"] for step in text.split(".")} | {"x"}),
        fields=sorted({text.partition(".")[0] for text in texts["form"]} | {"x"}),
        seeds=[inbound_of(one) for one in samples],
    )


def _required(file: ProviderFile) -> dict[str, str]:
    return {key: rule.example for key, rule in file.parameters.items() if rule.required}


def _texts(*trees: object) -> dict[str, list[str]]:
    """Names of places by their kind, wherever they stand in a provider's rules."""
    found: dict[str, list[str]] = {"header": [], "json": [], "form": []}
    for word in _words(json.loads(json.dumps(trees, default=_plain))):
        for kind, place in PLACE.findall(word):
            alike = {"item": "json", "parent": "json", "query": "form", "form_json": "form"}.get(kind, kind)
            found.setdefault(alike, []).append(place)
    return found


def _plain(value: object) -> object:
    names = getattr(value, "__struct_fields__", ())
    return {name: getattr(value, name) for name in names}


def _words(tree: object) -> list[str]:
    if isinstance(tree, dict):
        return [word for pair in tree.items() for one in pair for word in _words(one)]
    if isinstance(tree, list):
        return [word for one in tree for word in _words(one)]
    return [tree] if isinstance(tree, str) else []


KNOWN = {name: known(name) for name in PROVIDERS}


def bodies(about: Known) -> st.SearchStrategy[bytes]:
    """Junk; JSON and forms with names that count; samples with a piece cut out or put in."""
    tree = st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(about.steps), inner),
        max_leaves=12,
    )
    fields = st.lists(st.tuples(st.sampled_from(about.fields), st.binary(max_size=20)), max_size=4)
    return st.one_of(
        st.binary(),
        tree.map(lambda value: json.dumps(value).encode()),
        fields.map(lambda pairs: b"&".join(name.encode() + b"=" + value for name, value in pairs)),
        st.builds(
            _spliced,
            st.sampled_from([seed.body for seed in about.seeds]),
            st.integers(0, 2_000),
            st.integers(0, 20),
            st.binary(max_size=8),
        ),
    )


def _spliced(body: bytes, at: int, length: int, piece: bytes) -> bytes:
    return body[:at] + piece + body[at + length :]


@st.composite
def requests(draw: st.DrawFn, about: Known) -> Inbound:
    seed = draw(st.sampled_from(about.seeds))
    junk = st.lists(st.tuples(st.sampled_from(about.headers), st.binary(max_size=40)), max_size=5)
    kept = list(seed.headers) if draw(st.booleans()) else [(b"content-type", draw(TYPES))]
    names = st.sampled_from([*about.fields, "validationToken", "challenge", "crc_token"])
    pairs = draw(
        st.lists(st.tuples(names, st.text(st.characters(max_codepoint=255), max_size=9)), max_size=3)
    )
    query = draw(st.sampled_from(["", "?"])) + "&".join(f"{name}={value}" for name, value in pairs)
    url = draw(st.sampled_from([URL + query, seed.url, f"{URL}?{draw(st.text(max_size=20))}"]))
    return Inbound(method=draw(METHODS), url=url, headers=[*kept, *draw(junk)], body=draw(bodies(about)))


@pytest.mark.parametrize("name", PROVIDERS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_nothing_that_a_stranger_sends_makes_a_receiver_raise(name: str, data: st.DataObject) -> None:
    about = KNOWN[name]
    inbound = data.draw(requests(about))
    about.receiver.wanted(inbound)
    about.receiver.verify(inbound, NOON)
    shaker = about.receiver.handshake(inbound)
    if shaker is not None:
        answer = about.receiver.shake(shaker, inbound).answer
        headers = answer.headers if answer else ()
        assert all(b"\n" not in value and b"\r" not in value for _, value in headers)
    for item in about.receiver.identify(inbound).items:
        assert check_type(item.type) == item.type
        assert len(item.id) <= MAX_ID
    about.telling.headers(inbound)
    about.telling.query(inbound)
    about.telling.query(inbound, whole=False)
