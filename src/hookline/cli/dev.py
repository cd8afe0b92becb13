"""`hookline dev`: everything in one terminal, for trying it out. `make run` calls it."""

import asyncio
import shutil
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from hookline.app import Roles
from hookline.cli.dev_first import TYPE, first_delivery
from hookline.cli.dev_home import dev_settings, prepare, remember
from hookline.cli.dev_receiver import receiving
from hookline.cli.home import Home, home_file
from hookline.cli.reach import Config
from hookline.cli.running import forever, gateway, run_until_stopped
from hookline.cli.settings import settings_of
from hookline.cli.text import clean
from hookline.config import Settings

_SHOWN = 200


def dev(*, config: Config = None) -> int:
    """Try Hookline: SQLite in ./data, a built-in receiver, and a first delivery on the screen.

    Keys and secrets are made once and kept in data/dev.json, so that they stay the same between restarts. Other
    commands find them there. Sources are at its own address, unless HOOKLINE_PUBLIC_URL names another (that of a
    tunnel). Endpoints may use http:// and this machine's own addresses: do not run it in production; `hookline serve`
    is for that.

    For example:

        hookline dev
        HOOKLINE_PORT=8090 HOOKLINE_DATA_DIR=/tmp/try hookline dev
    """
    return run_until_stopped(_dev(dev_settings(settings_of(config))))


async def _dev(settings: Settings) -> None:
    home = await prepare(settings)
    async with receiving(home.secret, _heard) as receiver, gateway(settings, Roles(), local=True) as address:
        remember(settings, home, address)
        delivery = await asyncio.to_thread(first_delivery, address, home, receiver)
        _say(_delivered(delivery) + _banner(address, home, receiver, settings))
        await forever()


def _heard(message_id: str, body: bytes, fault: str) -> None:
    """It stands between lines of the log, so it looks like none."""
    verdict = Text("signature ok", "green") if not fault else Text(f"refused: {fault}", "red")
    text = body[:_SHOWN].decode(errors="replace") + ("…" if len(body) > _SHOWN else "")
    _say([Text.assemble("    ◆ receiver got ", clean(message_id), ", ", verdict, f": {clean(text)}")])


def _delivered(delivery: dict[str, Any]) -> list[Text]:
    attempt = delivery["history"][-1]
    told = f"{delivery['event_type']} was signed, sent and answered {attempt['status']}"
    took = f" in {attempt['timings']['total']:.1f} ms"
    return [
        Text(""),
        Text.assemble(("✓ First delivery: ", "bold green"), told, took, f" ({delivery['id']})."),
    ]


def _banner(address: str, home: Home, receiver: str, settings: Settings) -> list[Text]:
    rows = (
        ("API", address),
        ("Docs", f"{address}/docs"),
        ("Key", f"{home.api_key}  (manage, tenant {home.tenant}; kept in {home_file(settings.data_dir)})"),
        ("Receiver", f"{receiver}  (built in; signing secret in the same file)"),
        ("Allowed", "http:// and loopback addresses, because this is `dev`"),
    )
    lines = [Text("")]
    lines += [Text.assemble((f"  {name:9}", "bold"), value) for name, value in rows]
    lines += [
        Text(""),
        Text("Publish an event:", "bold"),
        *_curl(f"{address}/v1/events", home.api_key, f'{{"type":"{TYPE}","data":{{"call_id":"c2"}}}}'),
        Text(""),
        Text("Send events to a receiver of your own:", "bold"),
        *_curl(
            f"{address}/v1/endpoints",
            home.api_key,
            '{"url":"http://127.0.0.1:3000/hooks","events":["call.*"]}',
        ),
        Text(""),
        Text(f"In another terminal: {_program()} tail, … endpoints list, … publish {TYPE}, … --help"),
        Text("Ctrl-C stops."),
        Text(""),
    ]
    return lines


def _curl(url: str, key: str, body: str) -> list[Text]:
    return [
        Text(f"  curl {url} -H 'Authorization: Bearer {key}' \\", "cyan"),
        Text(f"    -H 'Content-Type: application/json' -d '{body}'", "cyan"),
    ]


def _program() -> str:
    """As it can be typed: `make run` starts it from a folder that is on nobody's PATH."""
    return "hookline" if shutil.which("hookline") else sys.argv[0]


def _say(lines: list[Text]) -> None:
    """One write, so that no line of the log falls between."""
    console = Console(highlight=False, soft_wrap=True, file=sys.stdout)
    with console.capture() as captured:
        for line in lines:
            console.print(line)
    sys.stdout.write(captured.get())
    sys.stdout.flush()
