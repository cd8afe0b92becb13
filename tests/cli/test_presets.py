"""`hookline presets` shows what to fill in and what to do; a user's own folder is there without code."""

from pathlib import Path

import msgspec
import pytest

from tests.catalog.presets import GOOD, put
from tests.cli.conftest import READY, Dev
from tests.cli.program import hookline, running

SAMPLE = """
about: A case becomes a lamp.
settings: {site: "https://lamps.example", token: t0ken}
event: {type: service_case.created, system: askpro-gateway, data: {case_id: 5, subject: Dark, priority: low}}
requests:
  - method: POST
    url: https://lamps.example/api/lamps
    headers: {X-Lamp: service_case-5-1f9a03bc, Authorization: Bearer t0ken}
    json: {name: Dark, level: dim, room: hall}
    answer: {status: 201, json: {id: 7, etag: e1}}
outcome: delivered
remote_after: {id: "7", url: "https://lamps.example/7", fields: {etag: e1}}
"""


def with_sample(folder: Path, text: str = SAMPLE) -> Path:
    shelf = put(folder) / "presets" / "lamps" / "samples"
    shelf.mkdir()
    (shelf / "create.yaml").write_text(text)
    return shelf.parent


def test_presets_are_listed_with_what_they_need(dev: Dev) -> None:
    done = dev("presets", "list")
    assert done.code == 0, done.err
    (line,) = [line for line in done.out.splitlines() if line.startswith("jira ")]
    assert "site, project, token" in line


def test_a_preset_is_shown_with_its_settings_and_then_its_notes(dev: Dev) -> None:
    shown = dev("presets", "show", "jira").out
    (line,) = [line for line in shown.splitlines() if line.startswith("token ")]
    assert line.split()[:3] == ["token", "yes", "yes"]
    notes = msgspec.json.decode(dev("presets", "show", "jira", "--json").out)["notes"]
    assert shown.index("token ") < shown.index(notes.splitlines()[0])
    assert notes.splitlines()[-1] in shown


def test_a_preset_that_there_is_not_is_not_found(dev: Dev) -> None:
    done = dev("presets", "show", "jirra")
    assert (done.code, "jira" in done.err) == (3, True)


def test_an_endpoint_that_signs_nothing_is_told_of_no_signing_secret(dev: Dev) -> None:
    for fields, signs in (
        ('{"preset": "slack", "settings": {"url": "http://127.0.0.1:1080/slack"}}', False),
        ('{"preset": "generic", "settings": {"url": "http://127.0.0.1:1080/generic"}}', True),
    ):
        done = dev("endpoints", "create", "--from", "-", given=fields)
        assert done.code == 0, done.err
        assert ("signing secret" in done.err) is signs


def test_adding_a_preset_is_one_folder_and_its_settings_schema_is_served_without_code(tmp_path: Path) -> None:
    put(tmp_path / "mine")
    with running("dev", cwd=tmp_path, port="0", catalog="mine") as program:
        program.until(READY)
        shown = hookline("presets", "show", "lamps", "--json", cwd=tmp_path)
        assert list(msgspec.json.decode(shown.out)["settings"]["properties"])[:2] == ["site", "token"]


def test_a_folder_of_presets_is_checked(tmp_path: Path) -> None:
    folder = with_sample(tmp_path)
    for named in (folder, tmp_path):
        done = hookline("catalog", "check", str(named), cwd=tmp_path)
        assert (done.out, done.err) == ("1 preset, 1 sample: 0 faults.\n", "")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("about: A case becomes a lamp.", "abuot: x", "create.yaml:2: abuot is not known here."),
        ("token: t0ken", "tokn: x", "create.yaml:3: settings.tokn: "),
        ("token: t0ken", "token: t0ken, watts: 0", "create.yaml:3: settings.watts: "),
        ("service_case.created", "service_case.creatd", "create.yaml:4: event.type: There is no type"),
        ("askpro-gateway", "askpro", "create.yaml:4: event.system: There is no system"),
        (
            ", system: askpro-gateway, data: {case_id: 5, subject: Dark, priority: low}",
            "",
            "create.yaml:4: event: An event of no system says its data.",
        ),
        ("json: {id: 7, etag: e1}", "json: {id: 7}, text: x", "create.yaml:10: requests[0].answer.text: "),
        ("json: {id: 7, etag: e1}", "json: {id: 2026-01-01}", "create.yaml:10: requests[0].answer.json.id: "),
        ("json: {name", "body: x\n    json: {name", "create.yaml:9: requests[0].body: "),
        ("outcome: delivered", "outcome: dead", "create.yaml:1: reason: A failure has a reason"),
        ("outcome: delivered", "outcome: gone", "create.yaml:11: outcome: Invalid enum value"),
    ],
)
def test_a_fault_in_a_sample_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in SAMPLE
    folder = with_sample(tmp_path, SAMPLE.replace(old, new))
    done = hookline("catalog", "check", str(folder), cwd=tmp_path)
    assert (done.code, told in done.err) == (1, True), done.err


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("level: dim", "level: bright", "request 1: the body is "),
        ("room: hall}", "room: den}", '"room": "hall"'),
        ("Bearer t0ken", "Bearer other", "request 1: the header Authorization is 'Bearer t0ken'"),
        ("/api/lamps", "/lamps", "request 1: POST https://lamps.example/api/lamps was made"),
        ("status: 201", "status: 503", "it ends retry"),
        ("etag: e1}}\n", "etag: e2}}\n", "what is known behind it"),
    ],
)
def test_a_sample_that_the_preset_does_not_play_is_a_fault(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in SAMPLE
    done = hookline("catalog", "check", str(with_sample(tmp_path, SAMPLE.replace(old, new, 1))), cwd=tmp_path)
    assert (done.code, told in done.err) == (1, True), done.err
    assert "samples/create.yaml: " in done.err


def test_a_preset_without_samples_and_one_that_is_wrong_are_faults(tmp_path: Path) -> None:
    put(tmp_path)
    put(tmp_path, GOOD.replace("base:", "bse:"), name="broken")
    done = hookline("catalog", "check", str(tmp_path), cwd=tmp_path)
    assert done.out == "2 presets, 0 samples: 2 faults.\n"
    assert "lamps: there are no samples" in done.err
    assert "bse is not known here" in done.err
