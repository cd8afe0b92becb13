"""Records in a user's own system: one folder, and a mistake is told with file, line and field."""

from pathlib import Path

import pytest

from hookline.catalog.loader import load_dialects, load_providers, load_systems
from hookline.catalog.yaml_lines import line_of
from hookline.errors import CatalogError
from tests.catalog.test_systems import GOOD, put

DIALECTS, PROVIDERS = load_dialects().keys(), load_providers()
RECORDS = """
  lamp.out:
    description: A lamp is out.
    schema: {type: object}
    example: {}
records:
  lamp:
    description: A lamp.
    schema:
      type: object
      properties:
        id: {type: string}
        state: {type: string, enum: [on, off]}
        until: {type: [string, "null"], format: date-time}
        sent: {type: string}
        why: {type: [string, "null"]}
    example: {id: l1, state: "on"}
    ignored: [until]
    closed: {state: ["off"]}
    delivery: {status: sent, error: why}
    events:
      lamp.lit: {created: true, became: {state: "on"}}
    deadlines:
      lamp.out: {at: until, set: {state: "off", before: "{state}"}}
""".replace("[on, off]", '["on", "off"]')
WHOLE = GOOD + RECORDS.removeprefix("\n")


def test_a_folder_brings_its_records_along(tmp_path: Path) -> None:
    lamp = load_systems(DIALECTS, PROVIDERS, put(tmp_path, WHOLE))["mine"].records["lamp"]
    assert (list(lamp.events), list(lamp.deadlines)) == (["lamp.lit"], ["lamp.out"])


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("at: until", "at: state", "lamp.out: {at", "state is no date"),
        ("at: until", "at: untill", "lamp.out: {at", "Did you mean until?"),
        ('became: {state: "on"}', "became: {state: 1}", "lamp.lit: {created", "state is never 1"),
        ('became: {state: "on"}', "became: {stat: 1}", "lamp.lit: {created", "no field stat"),
        ('closed: {state: ["off"]}', "closed: {state: [out]}", "closed:", 'state is never "out"'),
        ("ignored: [until]", "ignored: [x]", "ignored:", "no field x"),
        ("{status: sent", "{status: state", "delivery:", 'state is never "pending"'),
        ("error: why", "error: sent", "delivery:", "sent is never null"),
        ("error: why", "error: what", "delivery:", "no field what"),
        ("{state}", "{stat}", "lamp.out: {at", "no field stat"),
        ("{state}", "{state} now", "lamp.out: {at", "is no place"),
        ("{state}", "{", "lamp.out: {at", "is no place"),
        ("lamp.lit: {created", "lamp.lot: {created", "lamp.lot:", "Did you mean"),
        ('{created: true, became: {state: "on"}}', "{}", "lamp.lit: {}", "says when its event is made"),
        ("created: true", "create: true", "lamp.lit: {create", "is not known here"),
        ("example: {id: l1, state", "example: {id: 1, state", "example: {id: 1, state", "does not fit"),
        ("type: object\n      properties:", "type: array\n      properties:", "schema:", "an object"),
        ("  lamp:\n", "  Lamp:\n", "Lamp:", "lower-case"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, line: str, said: str
) -> None:
    text = WHOLE.replace(RECORDS.removeprefix("\n"), RECORDS.removeprefix("\n").replace(old, new, 1))
    assert text != WHOLE
    with pytest.raises(CatalogError) as caught:
        load_systems(DIALECTS, PROVIDERS, put(tmp_path, text))
    told = f"{caught.value.detail} {caught.value.hint}"
    assert said in told
    file, number, _ = caught.value.detail.split(":", 2)
    assert file.endswith("systems/mine/system.yaml")
    assert line in text.splitlines()[int(number) - 1], told


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("a", 1),
        ("a.b", 1),
        ("a[...].d", 3),
        ("a.b.c", 2),
        ("a.b.c.d", 3),
        ("a.b.c.x", 2),
        ("list[1]", 6),
        ("list[1].x", 6),
        ("list[7]", 4),
        ("nowhere", 1),
        ("", 1),
    ],
)
def test_a_line_is_found_though_keys_hold_dots(field: str, line: int) -> None:
    assert line_of("a:\n  b.c:\n    d: 1\nlist:\n  - 1\n  - x: 2\n", field) == line
