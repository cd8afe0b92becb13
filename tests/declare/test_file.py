"""Files that declare: what they say, where their secrets come from, and mistakes with their line."""

from pathlib import Path

import pytest

from hookline.declare.file import DeclaredFile
from hookline.errors import ConfigurationError, InvalidField

OWN = """
tenants:
  acme:
    name: Acme
    systems:
      pbx: {zone: Europe/Berlin}
    endpoints:
      crm:
        url: https://example.com/hooks
        secrets: [{env: CRM_SECRET}]
        headers: {X-Key: {file: key.txt}}
    sources:
      payments: {provider: stripe, secrets: [{file: /dev/null}]}
"""
PBX = """
sip:
  port: 5060
features:
  voicemail: {enabled: true}
  webhooks:
    enabled: true
    max_retries: 3          # Number of retry attempts
    retry_delay: 5
    timeout: 10
    worker_threads: 2
    subscriptions:
      - url: "https://your-server.com/webhooks/pbx"
        events: ["*"]
        enabled: true
        secret: "your-webhook-secret"
        headers:
          Authorization: "Bearer your-token"
      - url: "https://crm.company.com/api/call-events"
        events:
          - "call.started"
          - "call.ended"
        enabled: false
logging: {level: info}
"""


def file(folder: Path, text: str, **environment: str) -> DeclaredFile:
    path = folder / "config.yml"
    path.write_text(text)
    return DeclaredFile(path, environment)


def line_at(refusal: ConfigurationError, text: str) -> str:
    return text.splitlines()[int(refusal.detail.split(":")[1]) - 1]


def test_secrets_come_from_the_environment_and_from_files(tmp_path: Path) -> None:
    (tmp_path / "key.txt").write_text("of-a-file\n")
    acme = file(tmp_path, OWN, CRM_SECRET=" of-the-environment ").read().tenants["acme"]
    assert acme.endpoints["crm"]["secrets"] == ["of-the-environment"]
    assert acme.endpoints["crm"]["headers"] == {"X-Key": "of-a-file"}
    assert acme.sources["payments"]["secrets"] == [""]
    assert acme.systems == {"pbx": {"zone": "Europe/Berlin"}}


def test_the_owner_is_the_files_name_unless_it_says_another(tmp_path: Path) -> None:
    assert file(tmp_path, "tenants: {a: {}}").read().owner == "config"
    assert file(tmp_path, "owner: ops\ntenants: {a: {}}").read().owner == "ops"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("owner: x\ntenant: {}\n", "tenant: {}", "Did you mean tenants?"),
        ("owner: x\n", "owner: x", "tenants"),
        ("tenants:\n  a:\n    endpoint: {}\n", "    endpoint: {}", "endpoint"),
        ("tenants:\n  a:\n    name: 7\n", "    name: 7", "Expected `str`"),
        (
            "tenants:\n  a:\n    sources:\n      s: {secrets: [{env: GONE}]}\n",
            "      s: {secrets: [{env: GONE}]}",
            "The variable GONE is not set",
        ),
        (
            "tenants:\n  a:\n    sources:\n      s:\n        secrets: [{file: gone.txt}]\n",
            "        secrets: [{file: gone.txt}]",
            "gone.txt cannot be read",
        ),
        (PBX.replace("retry_delay", "retry_delai"), "    retry_delai: 5", "Did you mean retry_delay?"),
        (PBX.replace("timeout: 10", "timeout: soon"), "    timeout: soon", "Expected `float`"),
        (PBX.replace("max_retries: 3 ", "max_retries: 0 "), "    max_retries: 0 ", ">= 1"),
        (PBX.replace("        enabled: false", "        enable: false"), "        enable: false", "enabled"),
        (
            PBX.replace(
                '"https://crm.company.com/api/call-events"', '"https://your-server.com/webhooks/pbx"'
            ),
            "      - url:",
            "twice",
        ),
        ("features: {voicemail: {}}\n", "features:", "features.webhooks"),
        ("- a\n", "- a", "mapping"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, text: str, line: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        file(tmp_path, text).read()
    assert said in f"{caught.value.detail} {caught.value.hint}"
    assert line_at(caught.value, text).startswith(line.rstrip()) or line.rstrip() in line_at(
        caught.value, text
    )


def test_what_is_no_yaml_and_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not YAML"):
        file(tmp_path, "a: [").read()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        DeclaredFile(tmp_path / "none.yml").read()


def test_a_pbx_config_is_read_as_it_is(tmp_path: Path) -> None:
    """Sections of the PBX's own are no matter."""
    declared = file(tmp_path, PBX).read()
    tenant = declared.tenants["pbx"]
    first, second = tenant.endpoints.values()
    assert tenant.systems == {"pbx": {}}
    assert (first["events"], first["active"], first["secrets"]) == (["*"], True, ["your-webhook-secret"])
    assert first["headers"] == {"Authorization": "Bearer your-token"}
    assert (first["retry"]["attempts"], first["retry"]["delay"]) == (3, 5)
    assert (first["timeout"], first["concurrency"]) == (10, 2)
    assert (second["active"], second["unsigned"]) == (False, True)
    planned = (
        '        filter: data.extension == "1"\n        template: {json: {caller: "{{ data.caller }}"}}\n'
    )
    more = file(tmp_path, PBX.replace("        secret:", f"{planned}        secret:")).read()
    one, _ = more.tenants["pbx"].endpoints.values()
    assert (one["filter"], one["template"]) == (
        'data.extension == "1"',
        {"json": {"caller": "{{ data.caller }}"}},
    )
    off = file(tmp_path, PBX.replace("    enabled: true\n    max", "    enabled: false\n    max")).read()
    assert [one["active"] for one in off.tenants["pbx"].endpoints.values()] == [False, False]


def test_what_the_gateway_refuses_of_a_pbx_config_is_told_with_its_line(tmp_path: Path) -> None:
    given = file(tmp_path, PBX)
    declared = given.read()
    key = list(declared.tenants["pbx"].endpoints)[1]
    for field, line in (("url", "      - url:"), ("events[1]", '          - "call.ended"')):
        refusal = given.told(InvalidField("No.", field=f"tenants.pbx.endpoints.{key}.{field}"), declared)
        assert line_at(refusal, PBX).startswith(line)
        assert f"features.webhooks.subscriptions[1].{field}" in refusal.detail
