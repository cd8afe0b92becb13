"""The OpenAPI document and its pages: complete, true, and readable without the network."""

import re

import jsonschema_rs
import msgspec

from hookline.api.app import NOUNS
from hookline.api.examples import EXAMPLES
from hookline.api.hot import HOT
from hookline.api.openapi import build_document
from tests.api.conftest import Keys
from tests.api.running import Running

DOCUMENT = build_document(NOUNS, HOT)
BODIES = {
    next(iter(operation["requestBody"]["content"].values()))["schema"]["$ref"].rpartition("/")[2]
    for item in DOCUMENT["paths"].values()
    for operation in item.values()
    if "requestBody" in operation and "*/*" not in operation["requestBody"]["content"]
}


def test_every_body_has_an_example_that_fits_its_schema() -> None:
    """What a reader would copy from the document is accepted by the document's own schema."""
    assert set(EXAMPLES) == BODIES
    for name, example in EXAMPLES.items():
        schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
        jsonschema_rs.validate(schema, example)


def test_every_field_of_a_body_is_explained() -> None:
    """A field whose name does not say everything has a sentence."""
    silent = {"name", "description", "tags", "method", "batch", "rate", "retry", "order", "auth", "active"}
    silent |= {"url", "metadata", "deprecated", "expires_at", "id"}
    for name in BODIES:
        if not name.endswith("Patch"):
            properties = DOCUMENT["components"]["schemas"][name]["properties"]
            assert {key for key, one in properties.items() if "description" not in one} <= silent, name


async def test_the_pages_need_no_network(light: Running) -> None:
    """The pages load nothing but their own style sheet, and say so to the browser."""
    for path in ("/docs", "/docs/errors"):
        page = await light.call("GET", path)
        assert page.status == 200
        links = re.findall(r"(?:src|href)=[\"']?([^\"' >]+)", page.body.decode())
        assert all(link.startswith(("#", "/")) for link in links)
        assert "<script" not in page.body.decode()
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    sheet = await light.call("GET", "/docs/style.css")
    assert sheet.headers["Content-Type"] == "text/css; charset=utf-8"


async def test_every_code_has_its_place_on_the_page(light: Running, light_keys: Keys) -> None:
    """The `type` of a problem document leads to an anchor of the page of errors."""
    page = (await light.call("GET", "/docs/errors")).body.decode()
    told = [
        await light.call("GET", "/nowhere"),
        await light.call("DELETE", "/v1/events", light_keys["manage"]),
        await light.call("GET", "/v1/events?limit=0", light_keys["manage"]),
        await light.call("POST", "/v1/events", light_keys["publish"], body=b"{"),
    ]
    codes = [one.code for one in told]
    assert codes == ["not_found", "method_not_allowed", "invalid_field", "invalid_json"]
    assert told[1].headers["Allow"] == "GET, OPTIONS, POST"
    for code in [*codes, "internal", "request_timeout", "headers_too_large", "overloaded", "schema_mismatch"]:
        assert f'id="{code}"' in page


async def test_the_document_is_served_as_it_is(light: Running) -> None:
    """What /openapi.json says is what the routes say."""
    served = await light.call("GET", "/openapi.json")
    assert served.headers["Content-Type"] == "application/json"
    assert served.json == msgspec.json.decode(msgspec.json.encode(DOCUMENT))


async def test_what_providers_send_is_in_the_document(light: Running, light_keys: Keys) -> None:
    """By either of a source's URLs; what is said of the answers is so."""
    given = {"provider": "none", "path": "git/main"}
    source = (await light.call("POST", "/v1/sources", light_keys["manage"], json=given)).json
    token = source["receive_url"].rpartition("/in/")[2]
    by_token = DOCUMENT["paths"]["/in/{token}"]["post"]
    assert (await light.call("POST", f"/in/{token}", body=b"anything")).status == 200
    assert (await light.call("POST", f"/in/{light_keys.alice}/git/main", body=b"{}")).status == 200
    refused = [
        await light.call("POST", "/in/nobody", body=b"{}"),
        await light.call("GET", "/in/nobody"),
        await light.call("POST", f"/in/{light_keys.alice}/git/other", body=b"{}"),
    ]
    assert [one.status for one in refused] == [401, 401, 401]
    assert set(by_token["responses"]) == {"200", "401", "413", "429", "503"}
    assert "security" not in by_token
    assert set(DOCUMENT["paths"]["/in/{tenant}/{path}"]) == {"get", "post"}
