"""`hookline verify`: what a source would say to a request, without a gateway."""

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli.exits import Exit
from hookline.cli.grid import column, print_grid
from hookline.cli.inputs import pairs, read_source
from hookline.cli.raw_request import checked_url, read_request
from hookline.cli.reach import Config, settings_of
from hookline.cli.shelf import ProviderArgument, secret_of, shelf_of
from hookline.cli.sign import Now, SignedUrl, time_of
from hookline.cli.text import clean, clean_lines
from hookline.clock import Micros
from hookline.model.receipt import Refusal
from hookline.model.source import MAX_BODY_LIMIT
from hookline.receive.encoding import decoded
from hookline.receive.handshake import Shaker
from hookline.receive.inbound import Inbound, Malformed
from hookline.receive.receiver import Choices, Receiver
from hookline.receive.scheme import Verdict
from hookline.receive.view import View

_EVENTS = (column("type", "type"), column("id", "id"), column("original type", "original"))
_HINTS = {
    Refusal.NO_SIGNATURE: "Are all headers there? Which ones are needed says hookline providers show.",
    Refusal.BAD_SIGNATURE: "Is it the right secret, and are these the very bytes that came? Editors add a newline; "
    "where the URL is signed, give --url.",
    Refusal.STALE_TIMESTAMP: "Say when it came: --now 2026-01-02T03:04:05Z.",
    Refusal.UNKNOWN_KEY: "Give --secret; a key that a gateway would fetch is not fetched here: save it in a file, "
    "and give --secret @file.",
}


def verify(
    provider: ProviderArgument,
    file: Annotated[
        str,
        Parameter(
            name="FILE",
            help="A raw HTTP request (head, empty line, body), or - for standard input.",
            allow_leading_hyphen=True,
        ),
    ],
    /,
    *,
    secret: Annotated[
        tuple[str, ...],
        Parameter(
            negative="", help="The secret or public key, or @file; again for more.", show_default=False
        ),
    ] = (),
    scheme: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="Only this scheme; else the usual ones.", show_default=False),
    ] = (),
    parameter: Annotated[
        tuple[str, ...],
        Parameter(negative="", help="NAME=VALUE that the provider's file asks for.", show_default=False),
    ] = (),
    url: SignedUrl = "",
    now: Now = "",
    config: Config = None,
) -> int:
    """Verify a request as a source of this provider would, and show its events. Exit code 1 when it is refused.

    For example:

        hookline verify stripe request.http --secret whsec_…
        hookline sign slack --secret s | hookline verify slack - --secret s
        hookline verify twilio request.http --secret @token.txt --url https://example.com/hooks --now 2026-01-02T03:04:05Z
    """
    if url:
        checked_url(url, "--url")
    shelf = shelf_of(provider, settings_of(config).catalog)
    made = shelf.file.provider(pairs(parameter, "--parameter"), {})
    choices = Choices(secrets=tuple(secret_of(one) for one in secret), schemes=scheme)
    receiver = Receiver(made, choices)
    inbound, at = read_request(read_source(file), url=url, where=file), time_of(now)
    shaker = receiver.handshake(inbound)
    if shaker is not None and not shaker.rule.signed:
        return _shaken(receiver, shaker, inbound)
    inner, verdict = _verified(receiver, inbound, at)
    if verdict.refusal is not None:
        return _refused(receiver, inbound, at, verdict)
    if shaker is not None:
        return _shaken(receiver, shaker, inbound)
    proven = [one.name for one in receiver.schemes if one.verify(View(inner), at).refusal is None]
    print(f"verified: {', '.join(proven)}")
    found = receiver.identify(inner)
    print_grid(_EVENTS, [msgspec.structs.asdict(item) for item in found.items])
    if found.flag:
        print(f"kept as one event: {found.flag}", file=sys.stderr)
    return Exit.OK


def _verified(receiver: Receiver, inbound: Inbound, at: Micros) -> tuple[Inbound, Verdict]:
    """The bytes as they came first; of a compressed body that proves nothing so, what is in it."""
    verdict = receiver.verify(inbound, at)
    encoding = inbound.by_name.get(b"content-encoding") or b""
    if not encoding or encoding == b"identity":
        return inbound, verdict
    try:
        plain = _with_body(inbound, decoded(inbound.body, encoding, MAX_BODY_LIMIT))
    except Malformed:
        return inbound, verdict
    return plain, verdict if verdict.refusal is None else receiver.verify(plain, at)


def _with_body(inbound: Inbound, body: bytes) -> Inbound:
    return Inbound(method=inbound.method, url=inbound.url, headers=inbound.headers, body=body)


def _refused(receiver: Receiver, inbound: Inbound, at: Micros, verdict: Verdict) -> int:
    detail = f": {clean(verdict.detail)}" if verdict.detail else ""
    print(f"refused: {verdict.refusal}{detail}")
    hint = _HINTS.get(verdict.refusal, "") if verdict.refusal else ""
    stripped = inbound.body.removesuffix(b"\n").removesuffix(b"\r")
    if stripped != inbound.body and _verified(receiver, _with_body(inbound, stripped), at)[1].refusal is None:
        hint = "It verifies without the newline at the end of the body, which an editor may have added."
    if hint:
        print(f"  fix:   {hint}", file=sys.stderr)
    return Exit.ERROR


def _shaken(receiver: Receiver, shaker: Shaker, inbound: Inbound) -> int:
    shaken = receiver.shake(shaker, inbound)
    if shaken.answer is None:
        print(f"refused: handshake_refused: {shaken.name}")
        return Exit.ERROR
    print(f"handshake: {shaken.name}, answered with HTTP {shaken.answer.status}")
    if shaken.answer.body:
        print(clean_lines(shaken.answer.body.decode(errors="replace")))
    return Exit.OK
