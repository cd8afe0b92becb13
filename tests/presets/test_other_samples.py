"""Each sample of chats, alarms, CRMs and flows agrees with the fake of its system, and what is malformed is refused."""

import msgspec
import pytest

from tests.presets.fakes import fakes
from tests.presets.playing import Sample, SampleRequest, play, sample, samples_of, send

CHATS = ("slack", "slack_attachments", "teams", "discord", "google_chat", "telegram")
PRESETS = (*CHATS, "pagerduty", "opsgenie", "hubspot", "salesforce", "zapier", "n8n")
KEEPING = ("discord", "google_chat", "telegram", "pagerduty", "opsgenie", "hubspot", "salesforce")
CASES = [(preset, name) for preset in PRESETS for name in samples_of(preset)]
BEFORE = {"found": "create", "again": "create", "same": "create"}
"""What has happened when a sample of this name begins, beside what its `remote` says."""


def before(preset: str, played: Sample) -> list[Sample]:
    created = "create" if played.remote and played.outcome != "retry" else BEFORE.get(played.name)
    return [sample(preset, created)] if created else []


@pytest.mark.parametrize(("preset", "name"), CASES)
def test_the_requests_of_a_sample_get_its_answers(preset: str, name: str) -> None:
    played = sample(preset, name)
    with fakes()[preset]() as fake:
        for earlier in before(preset, played):
            play(fake, earlier)
        if played.name == "quota":
            fake.refuse(403)
        play(fake, played)
        if played.remote_after:
            assert list(fake.tickets) == [played.remote_after["id"]]
        elif played.outcome != "delivered":
            assert not fake.tickets


def test_every_sample_goes_to_an_address_of_its_settings() -> None:
    for preset, name in CASES:
        played = sample(preset, name)
        for request in played.requests:
            given = [value for key, value in played.settings.items() if key in {"url", "site"}]
            assert all(request.url.startswith(address) for address in given), (preset, name)


def creates() -> list[tuple[str, SampleRequest]]:
    return [(preset, sample(preset, "create").requests[0]) for preset in PRESETS]


@pytest.mark.parametrize(("preset", "create"), creates())
def test_a_body_must_be_a_json_object(preset: str, create: SampleRequest) -> None:
    with fakes()[preset]() as fake:
        for body in ("[]", "{", '"text"'):
            assert send(fake, create, json=None, body=body).status == 400
        assert not fake.tickets


@pytest.mark.parametrize(("preset", "create"), [one for one in creates() if one[0] not in {"zapier", "n8n"}])
def test_members_that_it_does_not_know_are_refused(preset: str, create: SampleRequest) -> None:
    with fakes()[preset]() as fake:
        for tree in strangers(create.json):
            assert send(fake, create, json=tree).status in {400, 422}, tree
        assert not fake.tickets


def strangers(tree: object) -> list[object]:
    """With one more member, at the top or in what stands at the top."""
    assert isinstance(tree, dict)
    deeper = [
        {**tree, key: {**value, "stranger": "x"}}
        for key, value in tree.items()
        if isinstance(value, dict)
        and key not in {"details", "allowed_mentions", "thread", "link_preview_options"}
    ]
    return [{**tree, "stranger": "x"}, *deeper]


@pytest.mark.parametrize("preset", ["opsgenie", "hubspot", "salesforce"])
def test_wrong_credentials_are_refused(preset: str) -> None:
    with fakes()[preset]() as fake:
        for name in ("create", "update", "comment", "close"):
            request = sample(preset, name).requests[0]
            assert send(fake, request, headers={**request.headers, "Authorization": "Bearer x"}).status == 401
        assert not fake.tickets


@pytest.mark.parametrize("preset", KEEPING)
def test_what_is_created_twice_is_one_where_the_other_system_knows_the_reference(preset: str) -> None:
    create = sample(preset, "create").requests[0]
    with fakes()[preset]() as fake:
        first, second = send(fake, create), send(fake, create)
        assert first.status < 300
        assert second.status < 300 or preset == "hubspot"
        assert len(fake.tickets) == (2 if preset in {"discord", "telegram"} else 1)


def test_hubspot_refuses_a_second_ticket_of_one_reference() -> None:
    create = sample("hubspot", "create").requests[0]
    with fakes()["hubspot"]() as fake:
        assert [send(fake, create).status for _ in range(2)] == [201, 409]


@pytest.mark.parametrize("preset", KEEPING)
def test_a_case_lives_through_its_samples(preset: str) -> None:
    names = [name for name in ("create", "update", "comment", "close") if name in samples_of(preset)]
    with fakes()[preset]() as fake:
        seen = []
        for name in names:
            for request in sample(preset, name).requests:
                assert send(fake, request).status < 300
            (ticket,) = fake.tickets.values()
            seen.append((msgspec.json.encode(ticket.fields), len(ticket.comments), ticket.closed))
        if preset == "google_chat":  # its cards are not edited
            assert [comments for _, comments, _ in seen] == [0, 1]
            return
        assert seen[0][0] != seen[1][0] or preset == "salesforce"  # where urgent is no more than high
        assert [comments for _, comments, _ in seen] == [0, 0, 1, 1]
        assert [closed for _, _, closed in seen] == [False, False, False, True]
