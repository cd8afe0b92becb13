"""What a source may not be: every refusal names its field and says what to do, and nothing is stored."""

from typing import Any

import pytest

from tests.api.conftest import Keys
from tests.api.running import Running

GENERIC = {"provider": "generic", "secrets": ["s"], "parameters": {"header": "X-Signature"}}
META = {"provider": "meta", "secrets": ["s"]}


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"provider": "stripe", "secrets": [" "]}, "secrets[0]", "blank"),
        ({"provider": "stripe", "secrets": ["fine", "whsec_abc\n"]}, "secrets[1]", "blank"),
        ({"provider": "basic", "secrets": ["no-colon"]}, "secrets", "user:password"),
        ({**GENERIC, "parameters": {"header": "X Sig"}}, "parameters", "not the name of a header"),
        ({**GENERIC, "parameters": {"header": "X-Sig\u00e4"}}, "parameters", "not the name of a header"),
        ({**META, "parameters": {"verify_token": "***"}}, "parameters.verify_token", "hidden"),
        (
            {"provider": "twilio", "secrets": ["s"], "url": "https://ex.com/\u00e4"},
            "url",
            "no provider sends",
        ),
        ({"provider": "none", "path": "a/.."}, "path", ""),
        ({"provider": "none", "path": "a/./b"}, "path", ""),
        ({"provider": "none", "dedupe": 366 * 86_400}, "dedupe", "Ids are kept for"),
        (
            {"provider": "none", "answer": {"body": "x", "content_type": "text/plain\n"}},
            "answer.content_type",
            "",
        ),
        (
            {"provider": "none", "overrides": {"answer": {"headers": {"Set-Cookie": "a=b"}}}},
            "overrides.answer.headers",
            "Set-Cookie",
        ),
    ],
)
async def test_nonsense_is_refused_with_its_field(
    api: Running, keys: Keys, fields: dict[str, Any], field: str, why: str
) -> None:
    told = await api.call("POST", "/v1/sources", keys["manage"], json=fields)
    assert (told.status, told.json["field"]) == (422, field), told.body
    assert why in told.json["detail"]
    assert (await api.call("GET", "/v1/sources", keys["manage"])).json["items"] == []


async def test_keys_and_certificates_end_as_files_do(api: Running, keys: Keys) -> None:
    pem = (
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
        "-----END PUBLIC KEY-----\n"
    )
    rule = {"algorithm": "ed25519", "key": "spki", "signature": {"at": ["{header.X-Signature}"]}}
    fields = {
        "provider": "github",
        "schemes": ["mine"],
        "overrides": {"schemes": {"mine": rule}},
        "secrets": [pem],
    }
    told = await api.call("POST", "/v1/sources", keys["manage"], json=fields)
    assert told.status == 201, told.body


async def test_an_empty_separator_is_one(api: Running, keys: Keys) -> None:
    """Of all other parameters an empty value stands for the default."""
    parameters = {"header": "X-S", "timestamp_header": "X-T", "separator": "", "id_path": ""}
    told = await api.call("POST", "/v1/sources", keys["manage"], json={**GENERIC, "parameters": parameters})
    assert told.status == 201, told.body
