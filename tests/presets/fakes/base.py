"""What all fakes share: tickets that a test may look at, routes, and faults that a test may order."""

import re
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Mapping
from threading import Event, Lock
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import unquote, urlsplit

import msgspec

from tests.presets.fakes.server import Answer, Request, Server

Handler = Callable[[Request], Answer]
Routes = Mapping[str, Handler]
"""`POST /rest/api/2/issue/{key}` → who answers; `{key}` is one step of the path, found in `Request.at`."""


class Ticket(msgspec.Struct, kw_only=True):
    """One thing that was made in the other system."""

    id: str
    """As a preset knows it: what its `kept.id` reads."""
    fields: dict[str, Any] = {}
    comments: list[str] = []
    closed: bool = False


class Refused(Exception):
    """Ends a handler with this answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer.status} {answer.json or answer.text}")
        self.answer = answer


class Fault(msgspec.Struct, kw_only=True):
    """What happens to coming requests, in the order in which it was asked for. It waits for one that it can happen to."""

    times: int = 1
    changes: bool = False
    """Happens only to requests that change something."""
    answer: Answer | None = None
    """Instead of doing the work."""
    lost: bool = False
    """The work is done, and the connection ends without an answer."""
    seconds: float = 0
    """Waited before the work."""


class Fake:
    """`with JiraFake() as fake:` serves it at `fake.url`.

    A subclass names its preset and its routes, and tells faults in the form of its system.
    """

    preset: ClassVar[str]
    SETTINGS: ClassVar[dict[str, Any]]
    """Settings of the preset that this system accepts: those of its samples."""
    ADDRESS: ClassVar[str] = "site"
    """The setting with the system's address."""

    def __init__(self, settings: Mapping[str, Any] | None = None, *, port: int = 0) -> None:
        """`settings`: those that differ, as the credentials that it is to accept. `port`: 0 is any that is free."""
        self.given: dict[str, Any] = {**self.SETTINGS, **(settings or {})}
        self.tickets: dict[str, Ticket] = {}
        self.got: list[Request] = []
        """All requests, those too to which a fault happened."""
        self.broken: list[Exception] = []
        """Our own mistakes: raised at the end."""
        self._faults: deque[Fault] = deque()
        self._lock = Lock()
        self._stopped = Event()
        self._server = Server(self._serve, port)
        self._routes = [(_pattern(route), handler) for route, handler in self.routes().items()]

    def routes(self) -> Routes:
        raise NotImplementedError

    def fault(self, status: int, message: str) -> Answer:
        """An error as this system tells it."""
        raise NotImplementedError

    def limited(self, seconds: int) -> Answer:
        """The answer to one who asks too often."""
        answer = self.fault(429, "Rate limit exceeded.")
        return msgspec.structs.replace(answer, headers={**answer.headers, "Retry-After": str(seconds)})

    def changes(self, request: Request) -> bool:
        """Whether a request may change something, and is not one that only asks."""
        return request.method != "GET"

    def json_of(self, request: Request) -> dict[str, Any]:
        """The object in a body that says it is JSON. Raises Refused."""
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refused(self.fault(415, "The body must be application/json."))
        try:
            return msgspec.json.decode(request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Refused(self.fault(400, f"The body is no JSON object: {error}")) from error

    def ticket(self, id_: str) -> Ticket:
        """Raises Refused."""
        found = self.tickets.get(id_)
        if found is None:
            raise Refused(self.fault(404, f"{id_} does not exist."))
        return found

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    @property
    def settings(self) -> dict[str, Any]:
        """Of an endpoint that sends to it."""
        return {**self.given, self.ADDRESS: self.here(self.given[self.ADDRESS])}

    def here(self, url: str) -> str:
        """The same path and query at this server."""
        parts = urlsplit(url)
        return f"{self.url}{parts.path}{'?' if parts.query else ''}{parts.query}"

    def lose_answer(self, times: int = 1) -> None:
        """The next request that changes something does so, and is not answered."""
        self._faults.append(Fault(times=times, changes=True, lost=True))

    def rate_limit(self, seconds: int, times: int = 1) -> None:
        self._faults.append(Fault(times=times, answer=self.limited(seconds)))

    def refuse(self, status: int, times: int = 1) -> None:
        self._faults.append(Fault(times=times, answer=self.fault(status, "Refused by order of a test.")))

    def slow(self, seconds: float, times: int = 1) -> None:
        self._faults.append(Fault(times=times, seconds=seconds))

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._server.stop()
        if self.broken:
            raise self.broken[0]

    def _serve(self, request: Request) -> Answer | None:
        with self._lock:
            self.got.append(request)
            fault = self._due(request)
        self._stopped.wait(fault.seconds)
        with self._lock:
            answer = fault.answer or self._answer(request)
        return None if fault.lost else answer

    def _due(self, request: Request) -> Fault:
        for fault in self._faults:
            if not fault.changes or self.changes(request):
                fault.times -= 1
                if not fault.times:
                    self._faults.remove(fault)
                return fault
        return Fault()

    def _answer(self, request: Request) -> Answer:
        try:
            return self._routed(request)
        except Refused as refused:
            return refused.answer
        except Exception as error:  # noqa: BLE001 - a mistake of the fake's must not look like one of the system's
            self.broken.append(error)
            return Answer(status=500, text=f"The fake itself is broken: {error!r}")

    def _routed(self, request: Request) -> Answer:
        for pattern, handler in self._routes:
            found = pattern.fullmatch(f"{request.method} {request.path}")
            if found:
                at = {name: unquote(step) for name, step in found.groupdict().items()}
                return handler(msgspec.structs.replace(request, at=at))
        return self.fault(404, f"Nothing is at {request.method} {request.path}.")


def basic(user: str, password: str) -> str:
    """The `Authorization` of RFC 7617."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def utf16(text: str) -> int:
    """Its length as Java and JavaScript count it."""
    return len(text.encode("utf-16-le")) // 2


def _pattern(route: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route)))
