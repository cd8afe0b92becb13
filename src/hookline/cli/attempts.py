"""An attempt, told to people: what was sent, what came back, how long each part took, and what to do about it."""

import base64
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

from hookline.cli.text import clean, clean_lines, local

_MAX_BODY = 4_000
_PARTS = ("dns", "connect", "tls", "first_byte", "total")


def print_attempt(attempt: dict[str, Any], request_body: dict[str, Any] | None = None) -> None:
    console = Console(highlight=False, soft_wrap=True)
    at = local(attempt["at"]) if sys.stdout.isatty() else attempt["at"]
    mark, style = ("✓", "green") if attempt["succeeded"] else ("✗", "red")
    head = f"{mark} attempt {attempt['number']} ({attempt['trigger']})  {at}  {outcome(attempt)}"
    console.print(Text(head, style=f"bold {style}"))
    if attempt["detail"] and attempt["status"] is not None:
        console.print(Text(f"  {clean(attempt['detail'])}", style=style))
    if attempt["hint"]:
        console.print(Text(f"  {clean(attempt['hint'])}", style="yellow"))
    if timings := _timings(attempt["timings"]):
        console.print(Text(f"  {timings}", style="dim"))
    _print_steps(console, attempt)
    if attempt["cause"] != "not_sent":
        console.print(Text(f"  > {attempt['method']} {clean(attempt['url'])}", style="bold"))
        _print_headers(console, ">", attempt["request_headers"])
        _print_body(console, attempt.get("request_body") or request_body)
    if attempt["status"] is not None:
        console.print(Text(f"  < HTTP {attempt['status']}", style="bold"))
        _print_headers(console, "<", attempt["response_headers"])
        _print_body(console, attempt["response_body"])
    if attempt["next_at"]:
        console.print(f"  next attempt: {local(attempt['next_at'])}")


def print_trial(trial: dict[str, Any]) -> None:
    """A test: an attempt, and what it has made."""
    print_attempt(trial)
    made = trial["remote"]
    if made is not None:
        print(f"made: {clean(made['id'])}  {clean(made['url'])}".rstrip())


def outcome(attempt: dict[str, Any]) -> str:
    """`200`, `HTTP 500`, `connect_refused: …`."""
    if attempt["status"] is not None:
        return f"HTTP {attempt['status']}"
    detail = clean(attempt["detail"])
    return f"{attempt['cause']}: {detail}" if detail else str(attempt["cause"])


def text_of(body: dict[str, Any]) -> str:
    if body["text"] is not None:
        return str(body["text"])
    return f"({len(base64.b64decode(body['base64']))} bytes that are not text)"


def _print_steps(console: Console, attempt: dict[str, Any]) -> None:
    """What went before the request, and what it is about."""
    for step in attempt["steps"]:
        came = f"HTTP {step['status']}" if step["status"] is not None else f"{step['cause']}"
        told = f"{step['name']}: {step['method']} {step['url']}: {came} {step['detail']}".rstrip()
        console.print(Text(f"  {clean(told)}  {step['total']:.1f} ms", style="dim"))
    if attempt["action"]:
        console.print(Text(f"  action: {attempt['action']}", style="dim"))
    if attempt["missing"]:
        console.print(Text(f"  missing, and empty: {', '.join(map(clean, attempt['missing']))}", style="dim"))


def _timings(timings: dict[str, float]) -> str:
    return "  ".join(f"{part.replace('_', ' ')} {timings[part]:.1f} ms" for part in _PARTS if timings[part])


def _print_headers(console: Console, mark: str, headers: list[list[str]]) -> None:
    for name, value in headers:
        console.print(Text(f"  {mark} {clean(name)}: {clean(value)}", style="dim"))


def _print_body(console: Console, body: dict[str, Any] | None) -> None:
    if body is None:
        return
    text = text_of(body)
    if text:
        shown = clean_lines(text[:_MAX_BODY]).replace("\n", "\n    ")
        console.print(Text(f"    {shown}"))
    if body["truncated"] or len(text) > _MAX_BODY:
        console.print(Text("    … (--json has all that was kept)", style="dim"))
