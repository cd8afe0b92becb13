"""A Jira for the pages: `python -m tests.docs.jira PORT` serves the fake of the preset `jira` until it is ended."""

import sys
from threading import Event

from tests.presets.fakes.jira import JiraFake


def main(port: int) -> None:
    with JiraFake(port=port):
        Event().wait()


if __name__ == "__main__":
    main(int(sys.argv[1]))
