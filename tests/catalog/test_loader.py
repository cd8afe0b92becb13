"""The loader adds a user's dialects, and refuses what it does not understand with file and field."""

from pathlib import Path

import pytest

from hookline.catalog.loader import load_dialects
from hookline.errors import CatalogError

GOOD = """
title: Mine
body:
  json: {event: "{type}", data: "{data}"}
  binary: {event: "{type}", data: "{data.base64}"}
headers: {X-Event: "{type}", X-Signature: "{signature}"}
signing: {keys: text, hmac: "sha256={hex}"}
"""


def put(folder: Path, text: str | bytes, name: str = "mine") -> Path:
    shelf = folder / "dialects" / name
    shelf.mkdir(parents=True)
    (shelf / "dialect.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def test_without_a_folder_of_the_users_own_there_is_at_least_the_standard() -> None:
    assert {"standard", "standard-raw"} <= load_dialects().keys()


def test_a_folder_is_its_own_registration(tmp_path: Path) -> None:
    found = load_dialects(put(tmp_path, GOOD))
    assert found.keys() - load_dialects().keys() == {"mine"}
    assert found["mine"].name == "mine"
    assert list(found["mine"].headers) == ["X-Event", "X-Signature"]


def test_folders_that_begin_with_a_dot_or_underscore_and_files_are_no_dialects(tmp_path: Path) -> None:
    put(tmp_path, "", ".git")
    put(tmp_path, "", "__pycache__")
    (tmp_path / "dialects" / "README.md").write_text("hello")
    assert load_dialects(tmp_path).keys() == load_dialects().keys()


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("title: Mine", "title: Mine\ntitel: x", "titel"),
        ("title: Mine", "", "title"),
        ("title: Mine", "title: Mine\nname: other", "name"),
        ("title: Mine", "title: [1]", "title"),
        ("title: Mine", "title: Mine\nstyle: perl", "style"),
        ("title: Mine", "title: Mine\nid: '{data}'", "id"),
        ("title: Mine", "title: Mine\nid: '{now.unix}'", "id"),
        ("title: Mine", "title: Mine\ntime: {digit: 3}", "time.digit"),
        ("title: Mine", "title: Mine\ntime: {digits: 4}", "time.digits"),
        ("title: Mine", "title: Mine\ntime: {zone: Mars/Base, mark: none}", "time.zone"),
        ("title: Mine", "title: Mine\ntime: {zone: ../../etc/passwd, mark: none}", "time.zone"),
        ("title: Mine", "title: Mine\ntime: {zone: Europe/Berlin}", "time.mark"),
        ('json: {event: "{type}"', 'json: {event: "{typ}"', "body.json.event"),
        ('json: {event: "{type}"', 'json: {event: "{attempt}"', "body.json.event"),
        ('json: {event: "{type}"', 'json: {event: "{type"', "body.json.event"),
        ('json: {event: "{type}"', 'json: {event: "x{data}"', "body.json.event"),
        ('json: {event: "{type}"', 'json: {event: "{type:number}"', "body.json.event"),
        ('json: {event: "{type}"', 'json: {event: [1, "{time.unix:number}s"]', "body.json.event[1]"),
        ('json: {event: "{type}"', "json: {event: {type: 2024-01-01}", "body.json.event.type"),
        ('json: {event: "{type}"', "json: {event: {{type}: 1}", None),
        ('json: {event: "{type}"', 'json: {1: "{type}"', "body.json"),
        ('data: "{data.base64}"', 'data: "{data}"', "body.binary.data"),
        ('X-Event: "{type}"', 'X-Event: "{data.x}"', "headers.X-Event"),
        ('X-Event: "{type}"', '"X Event": "{type}"', "headers.X Event"),
        ('X-Event: "{type}"', 'X-Event: "a\\r\\nb"', "headers.X-Event"),
        ('X-Event: "{type}"', 'x-signature: "{type}"', "headers"),
        ('X-Signature: "{signature}"', 'X-Signature: "x"', "headers"),
        ('signing: {keys: text, hmac: "sha256={hex}"}', "", "signing"),
        ('hmac: "sha256={hex}"', 'hmac: "sha256="', "signing.hmac"),
        ('hmac: "sha256={hex}"', 'hmac: "{hex}{base64}"', "signing.hmac"),
        ('hmac: "sha256={hex}"', 'hmac: "{hex}", ed25519: "{raw}"', "signing.ed25519"),
        ('hmac: "sha256={hex}"', 'hmac: "{hex}", content: "{id}"', "signing.content"),
        ('hmac: "sha256={hex}"', 'hmac: "{hex}", content: "{body}{body}"', "signing.content"),
        ("keys: text", "keys: words", "signing.keys"),
    ],
)
def test_a_mistake_is_told_with_its_file_and_field(
    tmp_path: Path, old: str, new: str, field: str | None
) -> None:
    assert old in GOOD
    with pytest.raises(CatalogError) as refusal:
        load_dialects(put(tmp_path, GOOD.replace(old, new)))
    assert "mine/dialect.yaml" in refusal.value.detail
    assert refusal.value.field == field or (field == "title" and "title" in refusal.value.detail)


def test_an_id_that_could_hold_a_dot_cannot_be_signed_beside_the_body(tmp_path: Path) -> None:
    text = (
        GOOD.replace('hmac: "', 'content: "{id}.{now.unix}.{body}", hmac: "') + 'id: "{type}-{time.millis}"\n'
    )
    with pytest.raises(CatalogError, match="move bytes") as refusal:
        load_dialects(put(tmp_path, text))
    assert refusal.value.field == "id"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (GOOD + "title: Again\n", "'title' stands here twice"),
        ("title: [", "is not YAML: .* did not find .* at line 2, column 1"),
        ("body: &a [*a]\n", "an alias stands within what it stands for"),
        ("- a\n- b\n", "no mapping"),
        ("", "no mapping"),
        ("a: !!python/object/apply:os.getpid []\n", "is not YAML"),
        ("a: 1\n---\nb: 2\n", "is not YAML"),
        (b"title: \xff\n", "cannot be read"),
    ],
)
def test_what_is_no_plain_yaml_mapping_is_refused(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(CatalogError, match=told):
        load_dialects(put(tmp_path, text))


def test_a_folder_without_its_file_a_bad_name_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no folder"):
        load_dialects(tmp_path / "absent")
    with pytest.raises(CatalogError) as refusal:
        load_dialects(put(tmp_path / "a", GOOD, name="My Dialect"))
    assert refusal.value.field == "name"
    (tmp_path / "b" / "dialects" / "empty").mkdir(parents=True)
    with pytest.raises(CatalogError, match="is missing"):
        load_dialects(tmp_path / "b")


def test_a_users_dialect_cannot_change_one_of_hooklines(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="already a dialect"):
        load_dialects(put(tmp_path, GOOD, name="standard"))
