"""`hookline verify`: what a source would say to a request, without a gateway."""

import sys
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli.exits import Exit
from hookline.cli.grid import column, print_grid
from hookline.cli.inputs import pairs, read_source
from hookline.cli.output import print_json
from hookline.cli.raw_request import checked_url, read_request
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.cli.shelf import ProviderArgument, secret_of, shelf_of
from hookline.cli.sign import Now, SignedUrl, time_of
from hookline.cli.text import clean, clean_lines
from hookline.clock import Micros
from hookline.model.receipt import Refusal
from hookline.model.source import MAX_BODY_LIMIT
from hookline.receive.encoding import plain_of
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
    json: Annotated[bool, Parameter(negative="", help="As one JSON object.", show_default=False)] = False,
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
    inbound, at = read_request(read_source(file), url=url, where=file), time_of(now)
    found = _judged(Receiver(made, choices), inbound, at)
    if json:
        print_json(msgspec.json.encode(found))
    else:
        _tell(found)
    return Exit.OK if found.refused is None else Exit.ERROR


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """A provider that looks whether somebody is there."""

    name: str
    status: int
    body: str


class FoundEvent(msgspec.Struct, frozen=True, kw_only=True):
    """As it would be published."""

    type: str
    id: str
    original: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a source would say."""

    refused: str | None
    """The cause; null: it is believed."""
    detail: str = ""
    hint: str = ""
    schemes: list[str] = []
    """Those by which it is proven."""
    events: list[FoundEvent] = []
    kept_as_one: str = ""
    """Why its body was not taken apart."""
    handshake: Handshake | None = None


def _judged(receiver: Receiver, inbound: Inbound, at: Micros) -> Found:
    shaker = receiver.handshake(inbound)
    if shaker is not None and not shaker.rule.signed:
        return _shaken(receiver, shaker, inbound)
    inner, verdict = _verified(receiver, inbound, at)
    if verdict.refusal is not None:
        hint = _hint(receiver, inbound, at, verdict.refusal)
        return Found(refused=verdict.refusal.value, detail=verdict.detail, hint=hint)
    if shaker is not None:
        return _shaken(receiver, shaker, inbound)
    proven = [one.name for one in receiver.schemes if one.verify(View(inner), at).refusal is None]
    found = receiver.identify(inner)
    events = [FoundEvent(type=one.type, id=one.id, original=one.original) for one in found.items]
    return Found(refused=None, schemes=proven, events=events, kept_as_one=found.flag)


def _verified(receiver: Receiver, inbound: Inbound, at: Micros) -> tuple[Inbound, Verdict]:
    """The bytes as they came first; of a compressed body that proves nothing so, what is in it."""
    verdict = receiver.verify(inbound, at)
    try:
        plain = plain_of(inbound, MAX_BODY_LIMIT)
    except Malformed:
        return inbound, verdict
    return plain, verdict if verdict.refusal is None else receiver.verify(plain, at)


def _hint(receiver: Receiver, inbound: Inbound, at: Micros, refusal: Refusal) -> str:
    stripped = inbound.body.removesuffix(b"\n").removesuffix(b"\r")
    if stripped != inbound.body:
        without = Inbound(method=inbound.method, url=inbound.url, headers=inbound.headers, body=stripped)
        if _verified(receiver, without, at)[1].refusal is None:
            return "It verifies without the newline at the end of the body, which an editor may have added."
    return _HINTS.get(refusal, "")


def _shaken(receiver: Receiver, shaker: Shaker, inbound: Inbound) -> Found:
    shaken = receiver.shake(shaker, inbound)
    if shaken.answer is None:
        return Found(refused="handshake_refused", detail=shaken.name)
    body = shaken.answer.body.decode(errors="replace")
    return Found(refused=None, handshake=Handshake(name=shaken.name, status=shaken.answer.status, body=body))


def _tell(found: Found) -> None:
    if found.refused is not None:
        print(f"refused: {found.refused}" + (f": {clean(found.detail)}" if found.detail else ""))
        if found.hint:
            print(f"  fix:   {found.hint}", file=sys.stderr)
    elif found.handshake is not None:
        shaken = found.handshake
        print(f"handshake: {shaken.name}, answered with HTTP {shaken.status}")
        if shaken.body:
            print(clean_lines(shaken.body))
    else:
        print(f"verified: {', '.join(found.schemes)}")
        print_grid(_EVENTS, [msgspec.structs.asdict(item) for item in found.events])
        if found.kept_as_one:
            print(f"kept as one event: {found.kept_as_one}", file=sys.stderr)
