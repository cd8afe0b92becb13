"""Each sample of the ticket systems agrees with the fake of its system, and what is malformed is refused."""

from urllib.parse import urlsplit

import pytest

from tests.presets.fakes import fakes
from tests.presets.playing import Sample, play, sample, samples_of, send

PRESETS = ("jira", "jira_cloud", "jira_service_management", "servicenow", "otrs", "zendesk", "freshdesk")
SIGNED = tuple(preset for preset in PRESETS if preset != "otrs")
"""Whose credentials stand in a header, and who look at the kind of a body."""
CASES = [(preset, name) for preset in PRESETS for name in samples_of(preset)]


def before(preset: str, played: Sample) -> list[Sample]:
    """What has happened when it begins."""
    path = urlsplit(sample(preset, "create").requests[-1].url).path
    creates = any(one.method == "POST" and urlsplit(one.url).path.endswith(path) for one in played.requests)
    names = ["create"] if played.remote or not creates else []
    names += ["close"] if played.name.startswith("closed_") else []
    return [sample(preset, name) for name in names]


@pytest.mark.parametrize(("preset", "name"), CASES)
def test_the_requests_of_a_sample_get_its_answers(preset: str, name: str) -> None:
    played = sample(preset, name)
    with fakes()[preset](played.settings) as fake:
        for earlier in before(preset, played):
            play(fake, earlier)
        play(fake, played)
        if played.remote_after and played.outcome in {"delivered", "done"}:
            assert list(fake.tickets) == [played.remote_after["id"]]


@pytest.mark.parametrize("preset", SIGNED)
def test_wrong_credentials_are_refused(preset: str) -> None:
    with fakes()[preset]() as fake:
        for name in ("create", "update", "comment", "close"):
            for request in sample(preset, name).requests:
                reply = send(fake, request, headers={**request.headers, "Authorization": "Basic eDp5"})
                assert reply.status == 401
        assert not fake.tickets


@pytest.mark.parametrize("preset", SIGNED)
def test_a_body_must_be_a_json_object_and_say_so(preset: str) -> None:
    create = sample(preset, "create").requests[0]
    with fakes()[preset]() as fake:
        assert send(fake, create, headers={**create.headers, "Content-Type": "text/plain"}).status == 415
        assert send(fake, create, json=None, body="[]").status == 400
        assert send(fake, create, json=None, body="{").status == 400
        assert not fake.tickets
