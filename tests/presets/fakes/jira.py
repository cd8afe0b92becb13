"""Jira as the preset `jira` speaks to it: issues through version 2 of the REST API, on Cloud or Data Center."""

from typing import Any, ClassVar

from tests.presets.fakes.atlassian import AtlassianFake


class JiraFake(AtlassianFake):
    preset = "jira"
    SETTINGS: ClassVar[dict[str, Any]] = {
        "site": "https://acme.atlassian.net",
        "email": "hookline@acme.example",
        "token": "t0ken",
        "project": "SUPPORT",
    }
