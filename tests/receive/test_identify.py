"""What a request holds: events with names that can be matched, and ids that can be kept, whatever comes."""

import hashlib
import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookline.model.patterns import MAX_NAME, check_type
from hookline.model.provider import Provider
from hookline.receive.identify import MAX_ID, MAX_NAMES, Identifier, Identity, snake
from hookline.receive.inbound import MAX_ITEMS
from tests.receive.making import provider, request

TYPED = provider(id=["{json.id}"], type=["{json.type}"])
LISTED = provider(items=["items"], id=["{item.id}"], type=["{item.type}"])


def found(body: object, rules: Provider = TYPED, *, split: bool = True) -> Identity:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Identifier(rules, {}, split=split).identify(request(raw))


def type_of(original: object, **mapping: str) -> str:
    return Identifier(TYPED, mapping).identify(request(json.dumps({"type": original}).encode())).items[0].type


def id_of(given: object) -> str:
    return found({"id": given}).items[0].id


@pytest.mark.parametrize(
    ("original", "name"),
    [
        ("call_started", "call_started"),
        ("BOOKING_CREATED", "booking_created"),
        ("updateCard", "update_card"),
        ("repo:push", "repo_push"),
        ("orders/create", "orders_create"),
        ("invoice.paid", "invoice.paid"),
        ("invoice..paid.", "invoice.paid"),
        ("._a_._b_.", "a.b"),
        ("Push Hook", "push_hook"),
        ("a--b", "a_b"),
        ("HTTPServer2Error", "httpserver2_error"),
        ("Größe geändert", "gr_e_ge_ndert"),
        ("İstanbul", "i_stanbul"),
        ("K", "k"),
        ("١٢", ""),
        ("...", ""),
        ("___", ""),
        ("\n\0\u2028", ""),
        ("../../etc/passwd", "etc_passwd"),
        ("*", ""),
        ("a.*", "a"),
    ],
)
def test_a_type_becomes_lower_snake_case_and_its_dots_stay(original: str, name: str) -> None:
    assert snake(original) == name


@given(st.text())
def test_any_text_becomes_the_name_of_an_event_type(original: str) -> None:
    name = type_of(original)
    assert check_type(name) == name
    assert name.startswith("made.")
    assert snake(snake(original)) == snake(original)


@given(st.text(min_size=100, max_size=400), st.text("aB.-_", min_size=100, max_size=300))
def test_a_long_text_is_cut_to_a_name_that_counts(one: str, other: str) -> None:
    for original in (one, other):
        name = type_of(original)
        assert check_type(name) == name
        assert len(name) <= MAX_NAME


@pytest.mark.parametrize("original", ["", None, [], {}, ["a"], {"a": "b"}])
def test_what_has_no_type_is_a_webhook(original: object) -> None:
    assert type_of(original) == "made.webhook"
    assert found(b"junk").items[0].type == "made.webhook"
    assert found(b"").items[0].type == "made.webhook"


@pytest.mark.parametrize(("original", "name"), [(5, "made.5"), (1.5, "made.1.5"), (True, "made.true")])
def test_a_type_may_be_a_number(original: object, name: str) -> None:
    assert type_of(original) == name


def test_a_user_may_name_a_type_otherwise_by_the_providers_own_word() -> None:
    assert type_of("A B", **{"A B": "mine"}) == "mine"
    assert type_of("a b", **{"A B": "mine"}) == "made.a_b"
    assert type_of("", **{"": "mine"}) == "made.webhook"


def test_the_names_that_are_remembered_are_bounded_and_the_rest_are_right_all_the_same() -> None:
    identifier = Identifier(TYPED, {})
    for number in range(MAX_NAMES + 10):
        body = json.dumps({"type": f"Type{number}"}).encode()
        assert identifier.identify(request(body)).items[0].type == f"made.type{number}"


@pytest.mark.parametrize("given_id", ["evt_1", "x" * MAX_ID, " ", "a b", "~"])
def test_an_id_is_kept_as_it_is(given_id: str) -> None:
    assert id_of(given_id) == given_id


@pytest.mark.parametrize("given_id", ["x" * (MAX_ID + 1), "ü", "\n", "a\0b", "x" * 100_000, "\u202e"])
def test_an_id_that_is_long_or_cannot_be_shown_is_kept_as_its_digest(given_id: str) -> None:
    assert id_of(given_id) == "sha256:" + hashlib.sha256(given_id.encode()).hexdigest()


@pytest.mark.parametrize("given_id", ["", None, [], {}, ["a"]])
def test_without_an_id_there_is_none(given_id: object) -> None:
    assert id_of(given_id) == ""


def test_an_id_that_is_a_number_is_its_digits() -> None:
    assert [id_of(0), id_of(17), id_of(10**39), id_of(True)] == ["0", "17", str(10**39), "true"]


@given(st.text())
def test_any_id_is_short_and_two_that_differ_stay_apart(given_id: str) -> None:
    kept = id_of(given_id)
    assert len(kept) <= MAX_ID
    assert id_of(given_id + "x") != kept


TWICE = [(b"x-id", b"1"), (b"x-id", b"2"), (b"x-type", b"a"), (b"x-type", b"b")]


def named(ids: list[str], body: bytes = b"") -> str:
    (item,) = Identifier(provider(id=ids, items=["items"]), {}).identify(request(body, TWICE)).items
    return item.id


def test_a_type_that_is_given_twice_is_none() -> None:
    rules = provider(id=["{header.X-Id}"], type=["{header.X-Type}"])
    (item,) = Identifier(rules, {}).identify(request(b"", TWICE)).items
    assert item.type == "made.webhook"


def test_an_id_that_is_given_twice_does_not_switch_off_that_repeats_are_known() -> None:
    """Whoever has seen a request could send it again with a second header, which nothing signs."""
    assert named(["{header.X-Id}"], b"1") == f"sha256:{hashlib.sha256(b'1').hexdigest()}"
    assert named(["{header.X-Id}", "{json.id}"], b'{"id": 7}') == "7"
    assert named(["{header.X-Id}"], b'{"items": [ {"a": 1} ]}') == named(["{header.X-Id}"], b'{"a": 1}')


def test_an_id_that_is_in_none_of_its_places_is_none() -> None:
    assert named(["{json.id}", "{header.X-Other}"], b"{}") == named(["{json.id}"], b"no JSON") == ""


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"[" * 1_000, b"[" * 65 + b"]" * 65, b"1" * 41, b'{"items":[}']
)
def test_what_cannot_be_taken_apart_is_one_event_and_flagged(body: bytes) -> None:
    identity = found(body, LISTED)
    assert [item.data for item in identity.items] == [body]
    assert identity.flag == "the body is not JSON"


def test_every_item_of_a_list_is_an_event_with_its_very_bytes() -> None:
    body = b'{"items": [ {"id": 1, "type": "A",  "n": 1.10} , {"id":"2","type":"b"}, null, 5, [ ] ]}'
    items = found(body, LISTED).items
    assert [(item.id, item.type) for item in items] == [
        ("1", "made.a"),
        ("2", "made.b"),
        *[("", "made.webhook")] * 3,
    ]
    assert [item.data for item in items][1:] == [b'{"id":"2","type":"b"}', b"null", b"5", b"[ ]"]
    assert items[0].data == b'{"id": 1, "type": "A",  "n": 1.10}'


@pytest.mark.parametrize(
    "body", [b"{}", b"[]", b'{"items": null}', b'{"items": {}}', b"5", b'"items"', b"null"]
)
def test_a_body_without_the_list_is_one_event_and_no_fault(body: bytes) -> None:
    identity = found(body, LISTED)
    assert [item.data for item in identity.items] == [body]
    assert identity.flag == ""


def test_an_empty_list_holds_no_event() -> None:
    assert found({"items": []}, LISTED).items == []


def test_a_body_with_too_many_events_is_kept_whole() -> None:
    assert len(found({"items": [{}] * MAX_ITEMS}, LISTED).items) == MAX_ITEMS
    identity = found({"items": [{}] * (MAX_ITEMS + 1)}, LISTED)
    assert len(identity.items) == 1
    assert str(MAX_ITEMS) in identity.flag


def test_a_source_that_does_not_split_gets_one_event() -> None:
    body = b'{"items": [{"id": 1}, {"id": 2}]}'
    assert [item.data for item in found(body, LISTED, split=False).items] == [body]


def test_items_of_lists_in_lists_bear_the_plain_fields_of_what_holds_them() -> None:
    """Their own come first, and lists and objects of what holds them stay away."""
    rules = provider(items=["entry.*.changes"], id=["{parent.id}:{item.id}"], type=["{item.type}"])
    entry = {"id": "e", "time": 1.5, "deep": {"x": 1}, "changes": [{"id": "c", "type": "t"}, 7]}
    one, other = found({"entry": [entry]}, rules).items
    assert one.id == "e:c"
    assert json.loads(one.data) == {"id": "c", "type": "t", "time": 1.5}
    assert other.data == b"7"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["items", "id", "type", "x"]), inner),
)


def test_a_providers_word_is_kept_only_as_far_as_people_can_read_it() -> None:
    assert len(found({"type": "x" * 100_000}).items[0].original) < 1_000


@given(st.lists(JSON))
def test_splitting_loses_nothing(items: list[object]) -> None:
    body = json.dumps({"items": items}).encode()
    assert [json.loads(item.data) for item in found(body, LISTED).items] == items


@given(JSON, st.sampled_from([TYPED, LISTED, provider(items=["items.*.items", "."], type=["{key.id,type}"])]))
def test_any_json_is_identified(body: Mapping[str, object], rules: Provider) -> None:
    for item in found(body, rules).items:
        assert check_type(item.type) == item.type
