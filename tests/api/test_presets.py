"""Presets: their settings, notes and promises are served as the catalogue has them, a user's own too."""

from hookline.catalog.loader import load_presets
from tests.api.conftest import Keys
from tests.api.running import Running


async def test_presets_are_told_with_their_settings_and_notes(api: Running, keys: Keys) -> None:
    listed = (await api.call("GET", "/v1/presets", keys["read"])).json["items"]
    assert [one["name"] for one in listed] == sorted(load_presets())
    shown = (await api.call("GET", "/v1/presets/jira", keys["read"])).json
    assert shown in listed
    jira = load_presets()["jira"]
    assert (shown["settings"], shown["notes"]) == (jira.settings, jira.notes)
    assert list(shown["settings"]["properties"]) == list(jira.settings["properties"])
    assert shown["actions"] == ["create", "update", "comment", "close"]
    assert (shown["remembers"], shown["once"], shown["auth"]) == (True, True, "preset")


async def test_what_forgets_says_so(api: Running, keys: Keys) -> None:
    shown = (await api.call("GET", "/v1/presets/slack", keys["read"])).json
    assert (shown["remembers"], shown["once"], shown["auth"]) == (False, False, "endpoint")


async def test_a_preset_that_there_is_not_is_told_with_the_nearest(api: Running, keys: Keys) -> None:
    absent = await api.call("GET", "/v1/presets/jirra", keys["read"])
    assert (absent.status, absent.json["hint"]) == (404, "Did you mean jira?")
