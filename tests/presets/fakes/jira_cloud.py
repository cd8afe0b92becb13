"""Jira Cloud as the preset `jira_cloud` speaks to it: issues through version 3 of the REST API, with documents for texts."""

from typing import Any, ClassVar

from tests.presets.fakes.atlassian import AtlassianFake
from tests.presets.fakes.jira import JiraFake


class JiraCloudFake(AtlassianFake):
    preset = "jira_cloud"
    SETTINGS: ClassVar[dict[str, Any]] = JiraFake.SETTINGS
    VERSION = "3"
