"""A receiver of webhooks in plain Python, with no package at all: it verifies, deduplicates, and answers quickly.

WEBHOOK_SECRET=whsec_… python examples/receiver.py 9000
"""

import base64
import hashlib
import hmac
import json
import os
import sys
import threading
import time
from email.message import Message
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOLERANCE = 300
"""Seconds that the sender's clock and ours may differ: an older request may be a recording, sent by somebody else."""
MAX_BODY = 2 * 1024 * 1024


class NotVerifiedError(Exception):
    """Whoever sent this does not know the secret, or it was changed on its way, or it is old."""


def verify(secret: str, headers: Message, body: bytes) -> str:
    """The message's id (Standard Webhooks 1.0.0). `body` is the bytes as they came: parse them afterwards."""
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal()) or abs(time.time() - int(timestamp)) > TOLERANCE:
        raise NotVerifiedError("the timestamp is missing or too far away")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    # While a secret is being rotated there are several signatures: one that fits is enough.
    for signature in headers.get("webhook-signature", "").split():
        if hmac.compare_digest(signature.encode(), wanted.encode()):
            return message_id
    raise NotVerifiedError("no signature fits")


def say(line: str) -> None:
    """In one piece: `print` writes a line and its end, and another thread's line may come between the two."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Inbox(ThreadingHTTPServer):
    def __init__(self, port: int, secret: str) -> None:
        super().__init__(("127.0.0.1", port), Receiver)
        self.secret = secret
        self.seen: set[str] = set()
        """Ids that were taken. A real receiver keeps them where it keeps the message: in one transaction."""
        self.one_at_a_time = threading.Lock()

    def take(self, message_id: str, body: bytes) -> None:
        """Here a real receiver puts the message where it is safe, and works on it after the answer."""
        with self.one_at_a_time:
            if message_id in self.seen:
                return say(f"again: {message_id}")  # at least once: this is how it shows
            self.seen.add(message_id)
        event = json.loads(body)
        return say(f"received: {event['type']} {json.dumps(event['data'])}")


class Receiver(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # connections are kept
    server: Inbox

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", "0"))
        if not 0 <= length <= MAX_BODY:
            self.close_connection = True
            return self.answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(length)
        try:
            message_id = verify(self.server.secret, self.headers, body)
        except NotVerifiedError as reason:
            say(f"refused: {reason}")
            return self.answer(HTTPStatus.UNAUTHORIZED)
        self.server.take(message_id, body)
        return self.answer(HTTPStatus.NO_CONTENT)  # only now: before this it may be sent again

    def answer(self, status: HTTPStatus) -> None:
        self.send_response(status)
        if status is not HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, *_: object, **__: object) -> None:
        """Quiet: what matters is printed."""


if __name__ == "__main__":
    Inbox(int(sys.argv[1]), os.environ["WEBHOOK_SECRET"]).serve_forever()
