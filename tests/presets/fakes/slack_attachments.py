"""Slack as the preset with colours speaks to it."""

from tests.presets.fakes.slack import SlackFake


class SlackAttachmentsFake(SlackFake):
    preset = "slack_attachments"
