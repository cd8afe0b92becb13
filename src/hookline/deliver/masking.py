"""Masking: the secrets of an endpoint's settings, taken out of everything that is kept of its requests and answers."""

import base64
import json
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from hookline.model.mask import SHORTEST
from hookline.net.header import MASK


class Mask:
    def __init__(self, secrets: Iterable[str]) -> None:
        known = {secret for secret in secrets if secret}
        self._blind = any(len(secret) < SHORTEST for secret in known)
        forms = {form for secret in known for form in _forms(secret) if len(form) >= SHORTEST}
        self._forms = sorted(forms, key=len, reverse=True)  # one that holds another goes first

    def text(self, text: str) -> str:
        for form in self._forms:
            text = text.replace(form, MASK)
        return text

    def body(self, body: bytes) -> bytes | None:
        """None where it could hold a secret that is too short to be found (fails closed)."""
        if self._blind:
            return None
        for form in self._forms:
            body = body.replace(form.encode(), MASK.encode())
        return body

    def answer(self, body: bytes) -> bytes:
        """What came back may repeat what was sent."""
        return self.body(body) or b""


def _forms(secret: str) -> Iterator[str]:
    """As it stands in texts, in JSON, in URLs, and in Basic credentials."""
    yield secret
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield quote(secret, safe="")
    yield quote_plus(secret)
    yield base64.b64encode(secret.encode()).decode()
