"""`hookline systems`, and the options that name one."""

import msgspec

from tests.cli.conftest import Dev


def test_systems_are_listed_and_shown(dev: Dev) -> None:
    listed = dev("systems", "list")
    assert listed.code == 0, listed.err
    assert "4Calls" in listed.out
    shown = dev("systems", "show", "pbx")
    assert "call.transfer" in shown.out
    one = dev("systems", "show", "pbx", "--type", "call.ended")
    assert '"duration": 125' in one.out
    assert len(msgspec.json.decode(dev("systems", "show", "pbx", "--json").out)["events"]) == 22


def test_a_misspelt_one_is_told_with_what_was_meant(dev: Dev) -> None:
    absent = dev("systems", "show", "urpaa")
    assert (absent.code, "Did you mean urpa?" in absent.err) == (3, True)
    unknown = dev("systems", "show", "urpa", "--type", "contact.create")
    assert (unknown.code, "contact.created" in unknown.err) == (3, True)


def test_an_endpoint_and_an_event_of_a_system(dev: Dev) -> None:
    made = dev("endpoints", "create", "http://127.0.0.1:1080/hooks", "--system", "urpa", "--json")
    assert made.code == 0, made.err
    endpoint = msgspec.json.decode(made.out)
    assert (endpoint["system"], endpoint["dialect"]) == ("urpa", "urpa")
    for system, wanted in (("urpa", True), ("4calls", False)):
        told = dev("publish", "contact.created", "--data", '{"id": "1"}', "--system", system, "--json")
        assert (endpoint["id"] in msgspec.json.decode(told.out)["matched"]) is wanted
    assert dev("endpoints", "delete", endpoint["id"], "--yes").code == 0


def test_a_system_is_enabled_and_disabled(dev: Dev) -> None:
    done = dev("systems", "enable", "pbx", "--zone", "Europe/Berlin")
    assert (done.code, "Europe/Berlin" in done.out) == (0, True), done.err
    assert (
        msgspec.json.decode(dev("systems", "show", "pbx", "--json").out)["enabled"]["zone"] == "Europe/Berlin"
    )
    assert dev("systems", "disable", "pbx").code == 0
    again = dev("systems", "disable", "pbx")
    assert (again.code, "does not use pbx" in again.err) == (3, True)


def test_records_are_saved_listed_and_deleted(dev: Dev) -> None:
    state = '{"id": "c1", "name": "Ana Ruiz"}'
    saved = dev("records", "put", "contact", "c1", "--system", "urpa", "--data", state)
    assert (saved.code, "contact.created" in saved.out) == (0, True), saved.err
    assert dev("records", "put", "contact", "c1", "--data", "[]").code == 2
    again = dev("records", "put", "contact", "c1", "--system", "urpa", "--data", "-", given=state)
    assert "nothing is published" in again.out
    patched = dev("records", "patch", "contact", "c1", "--system", "urpa", "-d", '{"name": "Ana Maria"}')
    assert "contact.updated" in patched.out
    assert "Ana Maria" in dev("records", "show", "contact", "c1", "--system", "urpa").out
    assert "c1" in dev("records", "list", "contact", "--system", "urpa").out
    assert dev("records", "delete", "contact", "c1", "--system", "urpa").code == 2
    assert dev("records", "delete", "contact", "c1", "--system", "urpa", "--yes").code == 0
    absent = dev("records", "show", "contact", "c1", "--system", "urpa")
    assert absent.code == 3
    assert "There are none yet" in dev("records", "list", "contact", "--system", "urpa").err
