"""Settings of an endpoint with a preset: refused with the field and never with a value, shown without secrets."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from hookline.catalog.preset_settings import checked, masked, secret_names, unmasked
from hookline.errors import InvalidField, UnknownField
from hookline.model.preset import Preset
from tests.catalog.presets import lamps

SITE = {"site": "https://lamps.example", "token": "s3cr3t"}


@pytest.fixture
def preset(tmp_path: Path) -> Preset:
    return lamps(tmp_path)


def test_what_is_left_out_has_its_default_and_the_order_is_that_of_the_form(preset: Preset) -> None:
    given = {"watts": 5, **SITE}
    assert list(checked(preset, given).items()) == [*SITE.items(), ("room", "hall"), ("watts", 5)]


def test_null_means_left_out(preset: Preset) -> None:
    assert checked(preset, {**SITE, "room": None, "watts": None}) == {**SITE, "room": "hall"}


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"sight": "x"}, "settings.sight", "Did you mean site?"),
        ({"zzz": "x"}, "settings.zzz", "Known: site, token, room"),
        ({"token": None}, "settings.token", "In the profile."),
        ({"token": ""}, "settings.token", "needs the setting token: Token."),
        ({"site": "lamps.example"}, "settings.site", "Where the lamps are."),
        ({"site": 5}, "settings.site", "string"),
        ({"watts": 0}, "settings.watts", "minimum"),
        ({"watts": "5"}, "settings.watts", "integer"),
        ({"priority": {"low": []}}, "settings.priority.low", "Names."),
        ({"token": "s3cr3t\n"}, "settings.token", "Copy it once more"),
        ({"token": " s3cr3t"}, "settings.token", "Copy it once more"),
        ({"token": ["s3cr3t"]}, "settings.token", "string"),
        (
            {"site": "https://retired.example"},
            "settings.site",
            "These lamps are retired. Take the new address.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(
    preset: Preset, given: Mapping[str, object], field: str, said: str
) -> None:
    with pytest.raises(InvalidField) as refusal:
        checked(preset, {**SITE, **given})
    assert refusal.value.field == field
    told = f"{refusal.value.detail} {refusal.value.hint}"
    assert said in told
    assert "s3cr3t" not in told


def test_an_unknown_setting_is_an_unknown_field(preset: Preset) -> None:
    with pytest.raises(UnknownField):
        checked(preset, {**SITE, "sight": 1})


def test_no_refusal_tells_a_value(preset: Preset) -> None:
    with pytest.raises(InvalidField) as refusal:
        checked(preset, {**SITE, "site": "pass:word@lamps"})
    assert "word" not in f"{refusal.value.detail} {refusal.value.hint}"


def test_a_look_that_fails_refuses(tmp_path: Path) -> None:
    old = "{% if settings.site contains 'retired.example' %}yes{% endif %}"
    preset = lamps(tmp_path, old, "{{ settings.watts | divided_by: 0 }}")
    with pytest.raises(InvalidField, match="could not be looked at") as refusal:
        checked(preset, {**SITE, "watts": 1})
    assert refusal.value.field == "settings.site"


def test_secrets_are_masked_and_nothing_else_is(preset: Preset) -> None:
    assert secret_names(preset) == {"token"}
    assert masked(preset, {**SITE, "room": "hall"}) == {**SITE, "room": "hall", "token": "***"}
    assert masked(preset, {"site": "x", "token": ""}) == {"site": "x", "token": ""}


def test_a_mask_means_as_it_was(preset: Preset) -> None:
    assert unmasked(preset, {"site": "***", "token": "***"}, SITE) == {"site": "***", "token": "s3cr3t"}
    assert unmasked(preset, {"token": "new"}, SITE) == {"token": "new"}


@pytest.mark.parametrize("known", [{}, {"token": ""}])
def test_a_mask_where_nothing_was_is_refused(preset: Preset, known: Mapping[str, object]) -> None:
    with pytest.raises(InvalidField, match="nothing was set") as refusal:
        unmasked(preset, {"token": "***"}, known)
    assert refusal.value.field == "settings.token"
