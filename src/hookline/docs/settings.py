"""settings.md, from `config.describe`."""

from hookline.config import SettingDoc, describe
from hookline.docs.markdown import code, page, table

_ABOUT = """Every setting is a variable `HOOKLINE_…` of the environment, or a key in a TOML file that `--config` or
`HOOKLINE_CONFIG` names. A variable wins over the file. An empty variable counts as absent. A name that is not in this
table is refused, with the nearest known one, and the process does not start.

Of a *secret* the log and `hookline config show` never show the value. It may also come from a file: the variable with
`_FILE` at its end names it (`HOOKLINE_SECRET_KEY_FILE`), in TOML the key with `_file`."""


def settings_page() -> str:
    rows = (_row(one) for one in sorted(describe(), key=lambda one: one.name))
    head = ("variable", "key in TOML", "what to write", "default", "what it does")
    return page("Settings", "src/hookline/config.py", _ABOUT, table(head, rows))


def _row(one: SettingDoc) -> tuple[str, ...]:
    kind = f"{one.kind} (secret)" if one.secret else one.kind
    return (code(one.variable), code(one.name), kind, code(one.default) or "empty", one.sentence)
