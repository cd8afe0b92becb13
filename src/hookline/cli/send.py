"""`hookline send`: a correctly signed sample of a provider, posted to a source."""

import sys
from typing import Annotated, Any

import msgspec
from cyclopts import Parameter

from hookline.cli.exits import Exit, Failed
from hookline.cli.inputs import read_source
from hookline.cli.posting import post
from hookline.cli.raw_request import checked_url
from hookline.cli.reach import HERE, Reach, connect
from hookline.cli.settings import settings_of
from hookline.cli.shelf import AS_SHOWN, BARE, Rules, Signing, shelf_of, signed_sample
from hookline.cli.sources import SOURCES, receive_url
from hookline.cli.text import clean, clean_lines
from hookline.client.answers import Answer
from hookline.client.requests import fetch
from hookline.clock import SystemClock

_OK = range(200, 300)


class _Target(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    signed_url: str
    """As the source knows it, where signatures cover it."""
    provider: str
    rules: Rules = AS_SHOWN
    secret: str = ""


def send(
    *,
    provider: Annotated[
        str, Parameter(help="As stripe; with --source, that of the source.", show_default=False)
    ] = "",
    source: Annotated[
        str, Parameter(help="The id of a source: URL and newest secret are its own.", show_default=False)
    ] = "",
    url: Annotated[str, Parameter(help="Or any URL.", show_default=False)] = "",
    body: Annotated[
        str,
        Parameter(
            help="A body of your own in the sample's place: a file, or - for standard input.",
            allow_leading_hyphen=True,
            show_default=False,
        ),
    ] = "",
    signing: Signing = BARE,
    reach: Reach = HERE,
) -> int:
    """Send a sample of a provider, signed as the provider signs it, and print the answer. Exit code 1 unless it is 2xx.

    A sample keeps its id: sent again, it is a duplicate, and makes no second event. With --body, its headers go with
    your body.

    For example:

        hookline send --source src_01h…
        hookline send --source src_01h… --type invoice.paid
        hookline send --source src_01h… --body order.json
        hookline send --provider stripe --type invoice.paid --url https://example.com/hooks --secret whsec_…
    """
    target = _target(reach, provider, source, url)
    if not signing.secret:
        signing = Signing(
            secret=target.secret,
            scheme=signing.scheme,
            event_type=signing.event_type,
            parameter=signing.parameter,
        )
    shelf = shelf_of(target.provider, settings_of(reach.config).catalog)
    sample, inbound = signed_sample(
        shelf,
        signing,
        SystemClock().now(),
        url=target.signed_url,
        body=read_source(body) if body else None,
        rules=target.rules,
    )
    query = inbound.url.partition("?")[2]
    answer = post(f"{target.url}?{query}" if query and "?" not in target.url else target.url, inbound)
    types = "" if body else f" ({', '.join(event.original or event.type for event in sample.rule.events)})"
    print(f"Sent {body or sample.name}{types} of {target.provider} to {target.url}", file=sys.stderr)
    if source:
        print(f"What became of it: hookline receipts list --source {source}", file=sys.stderr)
    _print(answer)
    return Exit.OK if answer.status in _OK else Exit.ERROR


def _target(reach: Reach, provider: str, source: str, url: str) -> _Target:
    if bool(source) == bool(url) or not (source or provider):
        raise Failed(
            "Where shall it go?",
            hint="Give --source SOURCE, or --provider PROVIDER and --url URL.",
            exit_code=Exit.USAGE,
        )
    if source:
        return _source(reach, source, provider)
    return _Target(url=checked_url(url, "--url"), signed_url=url, provider=provider)


def _source(reach: Reach, source: str, provider: str) -> _Target:
    """As the gateway has it. Its other secrets are not looked at: the newest is what a provider would use by now."""
    with connect(reach) as gateway:
        known: dict[str, Any] = gateway.call(fetch(SOURCES, source))
        secrets = gateway.call(fetch(SOURCES, source, "secrets"))["items"]
        url = receive_url(known, gateway)
    if provider not in {"", known["provider"]}:
        raise Failed(
            f"{source} is a source of {known['provider']}, not of {provider}.",
            hint="Leave --provider out.",
            exit_code=Exit.USAGE,
        )
    counting = [one["value"] for one in secrets if one["confirmed"]]
    return _Target(
        url=url,
        signed_url=known["url"] or url,
        provider=known["provider"],
        rules=Rules(known["parameters"], known["overrides"], known["schemes"]),
        secret=counting[0] if counting else "",
    )


def _print(answer: Answer) -> None:
    print(f"HTTP {answer.status}")
    for name, value in answer.headers.items():
        print(f"{clean(name)}: {clean(value)}")
    if answer.body:
        print(f"\n{clean_lines(answer.body.decode(errors='replace'))}")
