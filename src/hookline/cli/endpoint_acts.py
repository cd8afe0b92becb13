"""`hookline endpoints enable | disable | rotate | secret | test | stats`: what is done to one endpoint."""

from typing import Annotated, Any, Literal

import msgspec
from cyclopts import Parameter

from hookline.cli.asking import confirm
from hookline.cli.attempts import print_trial
from hookline.cli.endpoints import ENDPOINTS, EndpointArgument
from hookline.cli.exits import Exit
from hookline.cli.grid import Column, column, moment, print_grid
from hookline.cli.inputs import data_of, seconds
from hookline.cli.output import print_done, print_json
from hookline.cli.reach import HERE, Reach, Yes, connect
from hookline.client.answers import Answer, accepted, read
from hookline.client.requests import act, fetch, listing

_SECRETS = (
    column("id", "id"),
    column("secret", "value"),
    moment("created", "created_at"),
    moment("signs until", "expires_at"),
)
_HOURS = (
    moment("hour", "hour"),
    column("succeeded", "succeeded", right=True),
    column("failed", "failed", right=True),
    Column("success", lambda row: _rate(row["succeeded"], row["failed"]), right=True),
)


def enable(
    endpoint: EndpointArgument,
    /,
    *,
    held: Annotated[
        Literal["release", "cancel", "keep"], Parameter(help="What becomes of what waited meanwhile.")
    ] = "release",
    reach: Reach = HERE,
) -> None:
    """Switch an endpoint on.

    For example:

        hookline endpoints enable ep_01h…
        hookline endpoints enable ep_01h… --held cancel
    """
    with connect(reach) as gateway:
        answer = gateway.send(act(ENDPOINTS, endpoint, "enable", {"held": held}))
        print_done(answer, reach, f"Enabled {endpoint}; what was held: {held}.")


def disable(endpoint: EndpointArgument, /, *, reach: Reach = HERE) -> None:
    """Switch an endpoint off; what is due for it is held until it is enabled.

    For example:

        hookline endpoints disable ep_01h…
    """
    with connect(reach) as gateway:
        answer = gateway.send(act(ENDPOINTS, endpoint, "disable"))
        print_done(answer, reach, f"Disabled {endpoint}; its deliveries are held.")


def rotate(
    endpoint: EndpointArgument,
    /,
    *,
    overlap: Annotated[str, Parameter(help="How long the older secrets sign too.")] = "24h",
    kind: Annotated[Literal["hmac", "ed25519"], Parameter(help="What to make: whsec_… or whsk_….")] = "hmac",
    yes: Yes = False,
    reach: Reach = HERE,
) -> None:
    """Make a new signing secret and reveal it; the older ones sign beside it for a while.

    For example:

        hookline endpoints rotate ep_01h…
        hookline endpoints rotate ep_01h… --overlap 7d
        hookline endpoints rotate ep_01h… --overlap 0 --yes
    """
    span = seconds(overlap, "--overlap")
    if span == 0:
        confirm("The older secrets stop at once: receivers must have the new one already. Go on?", yes=yes)
    fields = {"overlap_seconds": span, "kind": kind}
    with connect(reach) as gateway:
        _print_secrets(gateway.send(act(ENDPOINTS, endpoint, "rotate", fields)), reach)


def secret(endpoint: EndpointArgument, /, *, reach: Reach = HERE) -> None:
    """Reveal the signing secrets, the newest first. The server logs that it was asked.

    For example:

        hookline endpoints secret ep_01h…
        hookline endpoints secret ep_01h… --json
    """
    with connect(reach) as gateway:
        _print_secrets(gateway.send(fetch(ENDPOINTS, endpoint, "secrets")), reach)


def send_test(
    endpoint: EndpointArgument,
    /,
    *,
    event_type: Annotated[
        str, Parameter(name="--type", help="The event type; else one that it wants.", show_default=False)
    ] = "",
    data: Annotated[
        str, Parameter(help="JSON, @file, or -.", show_default=False, allow_leading_hyphen=True)
    ] = "",
    reach: Reach = HERE,
) -> int:
    """Send a test event now and show the exchange. Nothing of it is kept. Exit code 1 where it did not succeed.

    With a preset it makes a real case in the other system, which says that it is a test: close or delete it there.

    For example:

        hookline endpoints test ep_01h…
        hookline endpoints test ep_01h… --type call.started --data '{"call_id": "c1"}'
    """
    fields: dict[str, Any] = {"type": event_type} if event_type else {}
    if data:
        fields["data"] = msgspec.Raw(data_of(data))
    with connect(reach, timeout=90) as gateway:
        answer = gateway.send(act(ENDPOINTS, endpoint, "test", fields))
    attempt = read(answer)
    if reach.json:
        print_json(accepted(answer))
    else:
        print_trial(attempt)
    return Exit.OK if attempt["succeeded"] else Exit.ERROR


def stats(
    endpoint: EndpointArgument,
    /,
    *,
    since: Annotated[str, Parameter(help="From this time on; else seven days.", show_default=False)] = "",
    until: Annotated[str, Parameter(help="To this time; else now.", show_default=False)] = "",
    reach: Reach = HERE,
) -> None:
    """Show what was sent, hour by hour.

    For example:

        hookline endpoints stats ep_01h…
        hookline endpoints stats ep_01h… --since 2026-11-20T00:00:00Z --json
    """
    path = listing(
        fetch(ENDPOINTS, endpoint, "stats").path.removeprefix("/v1/"), {"since": since, "until": until}
    )
    with connect(reach) as gateway:
        answer = gateway.send(path)
    if reach.json:
        print_json(accepted(answer))
    else:
        print_grid(_HOURS, read(answer)["hours"])


def _print_secrets(answer: Answer, reach: Reach) -> None:
    if reach.json:
        print_json(accepted(answer))
    else:
        print_grid(_SECRETS, read(answer)["items"])


def _rate(succeeded: int, failed: int) -> str:
    return f"{100 * succeeded / (succeeded + failed):.4g} %"
