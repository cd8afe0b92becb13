"""A small HTTP/1.1 server in a thread of its own: it hands over requests and sends the answers, or ends the connection."""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qsl

import msgspec


class Request(msgspec.Struct, frozen=True, kw_only=True):
    method: str
    path: str
    """As it came, without the query."""
    query: dict[str, str] = {}
    headers: dict[str, str] = {}
    """Names in lower case."""
    body: bytes = b""
    at: dict[str, str] = {}
    """What stood at the places of the route, decoded."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """`json` or `text`; neither: no body."""

    status: int
    json: Any = None
    text: str = ""
    headers: dict[str, str] = {}

    @property
    def body(self) -> bytes:
        return self.text.encode() if self.json is None else msgspec.json.encode(self.json)

    @property
    def content_type(self) -> str:
        return "text/plain; charset=utf-8" if self.json is None else "application/json"


Serve = Callable[[Request], Answer | None]
"""None: the connection ends without an answer."""


class Server:
    """It has a port from its start: one that is free, unless it is given."""

    def __init__(self, serve: Serve, port: int = 0) -> None:
        self.serve = serve
        self.port = port

    def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._http = _Http(("127.0.0.1", self.port), _Connection)
        if tls is not None:
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._http.serve = self.serve
        self.port = int(self._http.server_address[1])
        self._thread = Thread(target=self._http.serve_forever, args=(0.02,))
        self._thread.start()

    def stop(self) -> None:
        """Ends every connection too."""
        self._http.shutdown()
        self._thread.join()
        for connection in list(self._http.connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = False
    serve: Serve
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.connections: set[socket.socket] = set()
        super().__init__(address, handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that leaves in the middle is no fault."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.connections.add(self.connection)

    def finish(self) -> None:
        self.server.connections.discard(self.connection)
        super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        request = Request(
            method=self.command,
            path=path,
            query=dict(parse_qsl(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length", "0"))),
        )
        answer = self.server.serve(request)
        if answer is None:
            self.close_connection = True
        else:
            self._send(answer)

    def _send(self, answer: Answer) -> None:
        body = answer.body
        lines = {"Content-Type": answer.content_type, "Content-Length": str(len(body)), **answer.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.wfile.write(f"HTTP/1.1 {answer.status} Told\r\n{head}\r\n".encode() + body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the library looks for these names
