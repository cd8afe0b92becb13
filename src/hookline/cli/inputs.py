"""Inputs: what people write on a command line, as the fields of a request."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from hookline.cli.exits import Exit, Failed
from hookline.setting_types import read_seconds


def pairs(texts: Sequence[str], option: str) -> dict[str, str]:
    """`name=value` each."""
    return dict(_pair(text, option) for text in texts)


def settings_pairs(texts: Sequence[str]) -> dict[str, Any]:
    """`--set name=JSON`; what is no JSON is taken as a text."""
    return {name: _value(text) for name, text in (_pair(text, "--set") for text in texts)}


def json_object(source: str) -> dict[str, Any]:
    """A JSON object from a file or, as `-`, from standard input."""
    body = read_source(source)
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise _wrong(f"{_named(source)} does not hold a JSON object: {error}.") from None


def data_of(text: str) -> bytes:
    """JSON itself, `@file`, or `-` for standard input: the bytes as they are. Raises Failed when it is not JSON."""
    body = read_source(text.removeprefix("@")) if text == "-" or text.startswith("@") else text.encode()
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _wrong(
            f"The data is not JSON: {error}.",
            hint="""Write it as '{"call_id": "c1"}', @file.json, or - for standard input.""",
        ) from None
    return body.strip()


def seconds(text: str, option: str) -> float:
    """`15s`, `24h`, `30d`."""
    try:
        return read_seconds(text)
    except ValueError:
        raise _wrong(f"{option} {text!r} is not a time as 15s, 24h or 30d.") from None


def read_source(source: str) -> bytes:
    if source == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise _wrong(
            f"{source}: {error.strerror}.",
            hint="Name a file that this user may read, or - for standard input.",
        ) from None


def nothing_given(options: str) -> Failed:
    return _wrong("Nothing to change was given.", hint=f"Use at least one of {options}.")


def _pair(text: str, option: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise _wrong(f"{option} {text!r} is not NAME=VALUE.", hint=f"Write it as {option} team=voice.")
    return name, value


def _value(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def _named(source: str) -> str:
    return "Standard input" if source == "-" else source


def _wrong(what: str, *, hint: str = "") -> Failed:
    return Failed(what, hint=hint, exit_code=Exit.USAGE)
