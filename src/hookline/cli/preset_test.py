"""`hookline presets test`: a real test case in another system, before there is an endpoint."""

import sys
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from cyclopts import Group, Parameter

from hookline.cli.attempts import print_trial
from hookline.cli.endpoint_fields import tls_of
from hookline.cli.exits import Exit
from hookline.cli.inputs import data_of, pairs
from hookline.cli.output import print_json
from hookline.cli.preset_settings import BARE, PRESET, PRESETS, SettingFields, settings_of
from hookline.cli.presets import PresetArgument
from hookline.cli.reach import HERE, Reach, connect
from hookline.client.answers import accepted, read
from hookline.client.requests import act

EVENT = Group("An event of your own", sort_key=2)
_PATIENCE = 90
"""Seconds: several requests to somebody else's system."""


def _one(text: str, *, name: str | None = None, group: Group = EVENT) -> Parameter:
    """A lone - stands for standard input where a file is taken."""
    hyphen = "or -" in text
    return Parameter(name=name, help=text, show_default=False, group=group, allow_leading_hyphen=hyphen)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class TrialFields:
    """What is sent beside the settings. Empty: not given."""

    auth: Annotated[
        str, _one("Where the preset leaves it to the endpoint: JSON, @file, or -.", group=PRESET)
    ] = ""
    header: Annotated[
        tuple[str, ...],
        Parameter(
            name="--header",
            negative="",
            help="NAME=VALUE, sent with each request.",
            show_default=False,
            group=PRESET,
        ),
    ] = ()
    client_cert: Annotated[
        str, _one("A file (or -) with the client certificate that is shown, and its chain.", group=PRESET)
    ] = ""
    client_key: Annotated[str, _one("A file (or -) with that certificate's private key.", group=PRESET)] = ""
    ca: Annotated[
        str, _one("A file (or -) with authorities to trust instead of the machine's.", group=PRESET)
    ] = ""
    event_type: Annotated[str, _one("Its type, as ticket.created.", name="--type")] = ""
    data: Annotated[str, _one("Its data: JSON, @file, or -; else the example of the type.")] = ""
    system: Annotated[str, _one("The system that it is of.")] = ""


TEST_CASE = TrialFields()


def send_test(
    preset: PresetArgument,
    /,
    *,
    settings: SettingFields = BARE,
    given: TrialFields = TEST_CASE,
    reach: Reach = HERE,
) -> int:
    """Send a test case to the other system with these settings; nothing is kept.

    The case is real, and says that it is a test: close or delete it there.
    Secrets that are needed and not given are asked for. Exit code 1 where it
    did not succeed. An endpoint that there is: `hookline endpoints test`.

    For example:

        hookline presets test slack --setting url=-
        hookline presets test jira --settings-file jira.json --setting token=-
        hookline presets test zendesk --settings-file z.json --data @case.json
        hookline presets test generic --settings-file g.json --client-cert us.pem --client-key us.key
    """
    fields = _fields(given)
    with connect(reach, timeout=_PATIENCE) as gateway:
        fields["settings"] = settings_of(gateway, preset, settings)
        answer = gateway.send(act(PRESETS, preset, "test", fields))
    trial = read(answer)
    if reach.json:
        print_json(accepted(answer))
    else:
        print_trial(trial)
        _tell_next(preset, trial)
    return Exit.OK if trial["succeeded"] else Exit.ERROR


def _fields(given: TrialFields) -> dict[str, Any]:
    """As the API takes them."""
    fields: dict[str, Any] = {"type": given.event_type, "system": given.system}
    fields["headers"] = pairs(given.header, "--header")
    fields["tls"] = tls_of(given.client_cert, given.client_key, given.ca)
    for name, text in (("data", given.data), ("auth", given.auth)):
        fields[name] = msgspec.Raw(data_of(text)) if text else None
    return {name: value for name, value in fields.items() if value}


def _tell_next(preset: str, trial: dict[str, Any]) -> None:
    """On standard error."""
    if trial["succeeded"]:
        print(
            "It is a real one: close or delete it there.\n"
            f"To send events there: hookline endpoints create --preset {preset} with the same settings.",
            file=sys.stderr,
        )
    else:
        print(f"What to do there: hookline presets show {preset}", file=sys.stderr)
