"""`hookline template render` shows what would be sent, and what differs from what was sent last."""

from collections.abc import Iterator
from queue import SimpleQueue

import msgspec
import pytest

from tests.cli.conftest import Dev
from tests.cli.program import PATIENCE
from tests.presets.fakes.server import Answer, Request, Server

TEMPLATE = '{"json": {"title": "{{ subject }}", "case": "{{ case_id }}"}}'
LOUD = '{"title": "{{ subject | upcase }}", "case": "{{ case_id }}", "by": "{{ data.agent }}"}'


@pytest.fixture
def got() -> Iterator["Inbox"]:
    inbox = Inbox()
    inbox.server.start()
    yield inbox
    inbox.server.stop()


class Inbox:
    """A receiver, and the bodies that it got."""

    def __init__(self) -> None:
        self.bodies: SimpleQueue[bytes] = SimpleQueue()
        self.server = Server(self._take)

    def _take(self, request: Request) -> Answer:
        self.bodies.put(request.body)
        return Answer(status=200)


def test_the_difference_to_what_was_sent_is_shown_and_nothing_is_sent(dev: Dev, got: Inbox) -> None:
    url = f"http://127.0.0.1:{got.server.port}/cases"
    made = dev(
        "endpoints", "create", url, "--event", "case.rendered", "--set", f"template={TEMPLATE}", "--json"
    )
    assert made.code == 0, made.err
    endpoint = msgspec.json.decode(made.out)["id"]
    data = '{"case_id": 7, "subject": "No sound"}'
    published = dev("publish", "case.rendered", "--data", data, "--json")
    event = msgspec.json.decode(published.out)["id"]
    assert got.bodies.get(timeout=PATIENCE) == b'{"title":"No sound","case":"7"}'

    same = dev("template", "render", endpoint, "--event", event)
    assert (same.code, "sent last" in same.out) == (0, False), same.err
    loud = dev("template", "render", endpoint, "--event", event, "--template", LOUD)
    assert loud.code == 0, loud.err
    assert f"> POST {url}" in loud.out
    assert "missing, and empty: data.agent" in loud.out
    changed = loud.out[loud.out.index("--- sent last") :].splitlines()
    assert [line for line in changed if line.startswith(("+ ", "- "))] == [
        '-  "title": "No sound",',
        '-  "case": "7"',
        '+  "title": "NO SOUND",',
        '+  "case": "7",',
        '+  "by": ""',
    ]
    assert got.bodies.empty()
    assert dev("endpoints", "delete", endpoint, "--yes").code == 0
