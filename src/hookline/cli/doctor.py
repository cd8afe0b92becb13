"""`hookline doctor`: look at everything that must be right, and say how to mend what is not."""

import asyncio
from typing import Annotated

import msgspec
from cyclopts import Parameter

from hookline.cli import doctor_database, doctor_disk, doctor_network
from hookline.cli.exits import Exit
from hookline.cli.findings import Finding, Level, fail, ok, print_findings, summary
from hookline.cli.output import print_json
from hookline.cli.reach import Config
from hookline.cli.settings import settings_of
from hookline.config import Settings
from hookline.errors import ConfigurationError


def doctor(
    *,
    online: Annotated[
        bool, Parameter(negative="", help="Also send a request to the outside.", show_default=False)
    ] = False,
    json: Annotated[bool, Parameter(negative="", help="As a JSON list.", show_default=False)] = False,
    config: Config = None,
) -> int:
    """Check settings, disk, database, secret key, clock, DNS, proxy, port and a running gateway.

    It changes nothing. Exit code 1 if something fails; warnings do not count.

    For example:

        hookline doctor
        hookline doctor --online
        hookline doctor --json | jq '.[] | select(.level != "ok")'
    """
    try:
        settings = settings_of(config)
    except ConfigurationError as error:
        findings = [fail("settings", error.detail, error.hint)]
    else:
        findings = asyncio.run(_examine(settings, online=online))
    if json:
        print_json(msgspec.json.encode(findings))
    else:
        print_findings(findings)
        print(f"\n{summary(findings)}")
    return Exit.ERROR if any(one.level is Level.FAIL for one in findings) else Exit.OK


async def _examine(settings: Settings, *, online: bool) -> list[Finding]:
    return [
        ok("settings", "they are right (hookline config show lists them)"),
        doctor_disk.data_folder(settings),
        doctor_disk.file_system(settings),
        doctor_disk.sqlite_library(settings),
        *await doctor_database.database(settings),
        *await doctor_network.network(settings, online=online),
        await asyncio.to_thread(doctor_network.port, settings),
        await asyncio.to_thread(doctor_network.gateway, settings),
    ]
