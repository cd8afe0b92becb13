"""Files that declare what there should be: Hookline's own, and a PBX's `config.yml`. Secrets come from elsewhere."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml

from hookline.api.body import field_error
from hookline.catalog.strict_yaml import parse_yaml
from hookline.catalog.yaml_lines import line_of
from hookline.declare.pbx import FEATURES, OWNER, declared_by_pbx, place_of
from hookline.errors import ConfigurationError, HooklineError, InvalidField
from hookline.model.declaration import Declaration
from hookline.model.json import nearest

_KNOWN = ("owner", "tenants")
_FROM = frozenset({"env", "file"})
_HINT = "See docs/how-to/configure-by-file.md."


class DeclaredFile:
    """One file, read anew whenever it is asked for."""

    def __init__(self, path: Path, environment: Mapping[str, str] = os.environ) -> None:
        self.path = path
        self._environment = environment

    def read(self) -> Declaration:
        """Raises ConfigurationError, with file and line."""
        text = self._text()
        try:
            values = parse_yaml(text)
        except yaml.YAMLError as error:
            told = " ".join(str(error).replace('in "<unicode string>", ', "at ").split())
            raise ConfigurationError(f"{self.path} is not YAML: {told}.") from error
        try:
            return _declaration(values, self.path, self._environment)
        except InvalidField as error:
            raise self._at(error, error.field or "") from None
        except msgspec.ValidationError as error:
            refused = field_error(str(error), Declaration)
            raise self._at(refused, refused.field or "") from None

    def told(self, error: HooklineError, declared: Declaration) -> ConfigurationError:
        """What was refused of it, with the line to mend."""
        field = error.field or ""
        return self._at(error, place_of(field, declared) if declared.owner == OWNER else field)

    def _at(self, error: HooklineError, field: str) -> ConfigurationError:
        line = line_of(self._text(), field)
        return ConfigurationError(
            f"{self.path}:{line}: {field}: {error.detail}", hint=error.hint or _HINT, field=field
        )

    def _text(self) -> str:
        try:
            return self.path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error}.") from error


def _declaration(values: object, path: Path, environment: Mapping[str, str]) -> Declaration:
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InvalidField("The file is a mapping of names to values.")
    if FEATURES in values:
        return declared_by_pbx(values[FEATURES])
    for name in values:
        if name not in _KNOWN:
            meant = nearest(name, _KNOWN)
            hint = f"Did you mean {meant}?" if meant else f"Known here: {', '.join(_KNOWN)}."
            raise InvalidField(f"{name} is not known here.", hint=hint, field=name)
    given = {"owner": path.stem, **values}
    return msgspec.convert(_resolved(given, "", path.parent, environment), Declaration)


def _resolved(tree: Any, field: str, folder: Path, environment: Mapping[str, str]) -> Any:
    """`{env: NAME}` and `{file: PATH}` are what stands there, without blanks around it."""
    if isinstance(tree, dict):
        if len(tree) == 1 and tree.keys() <= _FROM:
            return _secret(tree, field, folder, environment)
        return {
            key: _resolved(value, f"{field}.{key}".strip("."), folder, environment)
            for key, value in tree.items()
        }
    if isinstance(tree, list):
        return [_resolved(one, f"{field}[{at}]", folder, environment) for at, one in enumerate(tree)]
    return tree


def _secret(where: Mapping[str, Any], field: str, folder: Path, environment: Mapping[str, str]) -> str:
    ((kind, name),) = where.items()
    if not isinstance(name, str):
        raise InvalidField(f"{kind} is a text.", field=field)
    if kind == "env":
        if name not in environment:
            raise InvalidField(f"The variable {name} is not set.", field=field)
        return environment[name].strip()
    try:
        return (folder / name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidField(f"{name} cannot be read: {error}.", field=field) from None
