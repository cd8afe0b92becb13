"""`hookline catalog record`: a request that came to a source becomes a sample of its provider."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.catalog.loader import read_provider
from hookline.catalog.provider_file import ProviderFile
from hookline.catalog.samples import INDEX
from hookline.cli.exits import Exit, Failed
from hookline.cli.reach import HERE, Reach, connect
from hookline.cli.receipts import RECEIPTS
from hookline.cli.sample_file import check_index, name_of, write_sample
from hookline.cli.settings import settings_of
from hookline.cli.shelf import secret_of, shelf_of
from hookline.cli.sign import time_of
from hookline.cli.sources import SOURCES
from hookline.client.answers import accepted
from hookline.client.gateway import Gateway
from hookline.client.requests import fetch, listing
from hookline.model.provider import Algorithm, Provider, Scheme
from hookline.net.header import MASK
from hookline.receive.inbound import Inbound
from hookline.receive.making import PRIVATE
from hookline.receive.receiver import Choices, Receiver, chosen
from hookline.receive.resign import resign
from hookline.receive.scheme import Rule
from hookline.receive.view import View

_URL = "https://hooks.example.com/in/sample"
_FOREIGN = re.compile(
    r"x-forwarded-.*|forwarded|via|x-real-ip|cf-.*|true-client-ip|traceparent|tracestate|cookie"
)
"""Of what stood in between, and of whoever was logged in."""
_CONNECTION = frozenset(
    {"host", "content-length", "connection", "transfer-encoding", "accept-encoding", "keep-alive"}
)


def record(
    receipt: Annotated[
        str,
        Parameter(name="RECEIPT", help="Its id (rcp_…), or that of a source: then its newest accepted one."),
    ],
    /,
    *,
    into: Annotated[Path, Parameter(help="The provider's folder; it is made if need be.")],
    name: Annotated[str, Parameter(help="Of the file; else the event type.", show_default=False)] = "",
    secret: Annotated[
        str,
        Parameter(
            help="Sign the sample anew with this invented secret, @file, or - for standard input.",
            allow_leading_hyphen=True,
            show_default=False,
        ),
    ] = "",
    reach: Reach = HERE,
) -> None:
    """Write a sample from a request that came: an .http file, and its entry in samples.yaml.

    Credentials in headers are masked. The real secret must not lie beside a sample: sign it anew with an invented one.

    For example:

        hookline catalog record rcp_01h… --into my-catalog/providers/acme --secret invented_secret
        hookline catalog record src_01h… --into my-catalog/providers/stripe
    """
    with connect(reach) as gateway:
        whole = _receipt(gateway, receipt)
        source = gateway.call(fetch(SOURCES, whole["source_id"]))
        body = accepted(gateway.send(fetch(RECEIPTS, whole["id"], "body")))
    file = _file(into, source["provider"], settings_of(reach.config).catalog)
    parameters, masked = _parameters(file, source["parameters"])
    provider = file.provider(parameters, source["overrides"])
    inbound, given = _inbound(whole, body), secret_of(secret)
    scheme = _scheme(provider, inbound, source["schemes"])
    resigned = bool(given and scheme)
    if resigned:
        inbound = resign(inbound, provider.schemes[scheme], given, time_of(whole["received_at"]))
    public = (given,) if resigned and provider.schemes[scheme].algorithm not in PRIVATE else ()
    receiver = Receiver(provider, Choices(secrets=public))
    extras = {
        "secrets": list(public),
        "parameters": parameters,
        "overrides": source["overrides"],
        "url": _URL if resigned and _signs_url(provider.schemes[scheme]) else "",
    }
    entry = _entry(receiver, inbound, scheme, whole) | {key: value for key, value in extras.items() if value}
    check_index(into)
    file_name = name_of(into, name or _usual(receiver, inbound, whole))
    write_sample(into, file_name, inbound, entry | {"now": whole["received_at"]})
    print(f"Wrote {into / file_name} and its entry in {into / INDEX}.")
    _tell_rest(into, provider.schemes.get(scheme), resigned=resigned, masked=masked)


def _parameters(file: ProviderFile, given: dict[str, str]) -> tuple[dict[str, str], Sequence[str]]:
    """With their examples for those that the gateway does not tell, and the names of these."""
    shown = {name: value for name, value in given.items() if value != MASK}
    masked = sorted(given.keys() - shown.keys())
    return shown | {name: file.parameters[name].example for name in masked if name in file.parameters}, masked


def _signs_url(scheme: Scheme) -> bool:
    return any("{url" in text for text in (*scheme.content, *scheme.expect.values()))


def _receipt(gateway: Gateway, wanted: str) -> dict[str, Any]:
    """Raises Failed for a source to which nothing came yet, and for a receipt whose body is gone."""
    if wanted.startswith("src_"):
        page = gateway.page(listing(RECEIPTS, {"source": wanted, "outcome": "accepted", "limit": 1}))
        if not page.items:
            raise Failed(
                f"Nothing has been accepted yet by {wanted}.",
                hint="Let the provider send a test, or name a receipt: hookline receipts list.",
                exit_code=Exit.NOT_FOUND,
            )
        wanted = page.rows()[0]["id"]
    whole: dict[str, Any] = gateway.call(fetch(RECEIPTS, wanted))
    if whole["body"] is None or whole["body"]["truncated"]:
        raise Failed(f"The body of {wanted} is not kept.", hint="Take a newer receipt.")
    return whole


def _file(into: Path, provider: str, catalog: Path | None) -> ProviderFile:
    """The one in the folder, if there is one by now: it may know more than the gateway's."""
    if (into / "provider.yaml").is_file():
        return read_provider(into)
    return shelf_of(provider, catalog).file


def _inbound(whole: dict[str, Any], body: bytes) -> Inbound:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1"))
        for name, value in whole["headers"]
        if name.lower() not in _CONNECTION and not _FOREIGN.fullmatch(name.lower())
    ]
    url = f"{_URL}?{whole['query']}" if whole["query"] else _URL
    return Inbound(method=whole["method"], url=url, headers=headers, body=body)


def _scheme(provider: Provider, inbound: Inbound, allowed: Sequence[str]) -> str:
    """The first that could have signed it; empty: none."""
    for name, scheme in chosen(provider, allowed).items():
        if scheme.algorithm is Algorithm.NONE or not Rule(scheme.require).holds(View(inbound)):
            continue
        verdict = Receiver(provider, Choices(schemes=(name,))).verify(inbound, time_of(""))
        if verdict.refusal != "no_signature":
            return name
    return ""


def _entry(receiver: Receiver, inbound: Inbound, scheme: str, whole: dict[str, Any]) -> dict[str, Any]:
    shaker = receiver.handshake(inbound)
    signed = {"scheme": scheme} if scheme and (shaker is None or shaker.rule.signed) else {}
    if shaker is not None:
        answer = receiver.shake(shaker, inbound).answer
        body = answer.body.decode(errors="replace") if answer else ""
        return {**signed, "handshake": shaker.name, "answer": {"status": whole["status"], "body": body}}
    events = [
        {key: value for key, value in msgspec.structs.asdict(item).items() if key != "data" and value}
        for item in receiver.identify(inbound).items
    ]
    return {**signed, "events": events}


def _usual(receiver: Receiver, inbound: Inbound, whole: dict[str, Any]) -> str:
    """After its first event: `invoice-paid`."""
    if whole["handshake"]:
        return str(whole["handshake"])
    items = receiver.identify(inbound).items
    return items[0].type.removeprefix(f"{receiver.provider.event_prefix}.") if items else "empty"


def _tell_rest(into: Path, scheme: Scheme | None, *, resigned: bool, masked: Sequence[str]) -> None:
    rest = ["look through headers and body for names, addresses and ids of real people, and invent others"]
    if scheme is not None and not resigned:
        rest.insert(0, f"sign it with an invented secret ({scheme.key}): record it again with --secret")
    if scheme is not None and resigned and scheme.algorithm in PRIVATE:
        rest.insert(0, "write the public key into the entry: secrets: [...]")
    if masked:
        rest.append(f"parameters that are secret have the value of their example: {', '.join(masked)}")
    rest.append(f"hookline catalog check {into}")
    print("What is left to do:", file=sys.stderr)
    for one in rest:
        print(f"  - {one}", file=sys.stderr)
