"""A provider's file, and what becomes of it with the parameters and overrides of one source."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from hookline.catalog.provider_rules import check_provider, patterns
from hookline.errors import InvalidField
from hookline.model.json import nearest
from hookline.model.merge import merge_patch
from hookline.model.provider import Parameter, Provider

_PARAMETER = re.compile(r"\{parameter\.([a-z0-9_]+)\}")
_FIXED = frozenset({"name", "parameters"})
"""What overrides may not touch."""
MAX_PARAMETER = 1_000


class ProviderFile:
    """As the catalogue holds it: plain values, not yet with the parameters of a source."""

    def __init__(self, name: str, values: Mapping[str, Any]) -> None:
        """Raises msgspec.ValidationError or InvalidField for what is no provider."""
        self._values = {**values, "name": name}
        self.parameters = msgspec.convert(values.get("parameters", {}), dict[str, Parameter])
        self.shown = self._made({key: one.default or one.example for key, one in self.parameters.items()}, {})
        """With defaults and examples: to be looked at, not to verify with."""

    def provider(self, parameters: Mapping[str, str], overrides: Mapping[str, Any]) -> Provider:
        """For one source. `overrides`: a merge patch (RFC 7396) over the file. Raises InvalidField."""
        values = self._checked(parameters)
        try:
            provider = self._made(values, overrides)
        except msgspec.ValidationError as error:
            raise InvalidField(str(error), field="overrides") from None
        except InvalidField as error:
            raise InvalidField(error.detail, hint=error.hint, field=_given(error.field, overrides)) from None
        self._check_patterns(provider)
        return provider

    def _check_patterns(self, provider: Provider) -> None:
        """They come from files alone: one that backtracks would hold up the requests of all tenants."""
        if patterns(provider) - patterns(self.shown) - {"", ".*"}:
            raise InvalidField(
                "Regular expressions can be neither overridden nor made of parameters.",
                hint="Write a provider folder of your own, and name its parent in HOOKLINE_CATALOG.",
                field="overrides",
            )

    def _checked(self, given: Mapping[str, str]) -> Mapping[str, str]:
        for name, value in given.items():
            self._check(name, value)
        missing = [name for name, rule in self.parameters.items() if rule.required and not given.get(name)]
        if missing:
            rule = self.parameters[missing[0]]
            raise InvalidField(
                f"This provider needs the parameter {missing[0]}.",
                hint=rule.description,
                field=f"parameters.{missing[0]}",
            )
        return {name: _chosen(given.get(name), rule) for name, rule in self.parameters.items()}

    def _check(self, name: str, value: str) -> None:
        field = f"parameters.{name}"
        rule = self.parameters.get(name)
        if rule is None:
            meant = nearest(name, self.parameters)
            known = f"Did you mean {meant}?" if meant else f"Known: {', '.join(self.parameters) or 'none'}."
            raise InvalidField(f"This provider has no parameter {name!r:.100}.", hint=known, field=field)
        if rule.choices and value not in rule.choices:
            raise InvalidField(f"{name} is one of {', '.join(rule.choices)}.", field=field)
        if not value.isprintable() or "{" in value or "}" in value or len(value) > MAX_PARAMETER:
            raise InvalidField(
                f"A parameter is up to {MAX_PARAMETER} printable characters, without braces.", field=field
            )

    def _made(self, parameters: Mapping[str, str], overrides: Mapping[str, Any]) -> Provider:
        for name in overrides.keys() & _FIXED:
            raise InvalidField(f"{name} cannot be overridden.", field=f"overrides.{name}")
        values = merge_patch(self._values, overrides)
        rest = {key: value for key, value in values.items() if key != "parameters"}
        filled = {**_filled(rest, parameters), "parameters": values.get("parameters", {})}
        provider = msgspec.convert(filled, Provider)
        check_provider(provider)
        return provider


def _given(field: str | None, overrides: Mapping[str, Any]) -> str:
    """What the source says, where the provider that is made of it is wrong at `field`."""
    if field is not None and field.startswith(("overrides", "parameters")):
        return field
    return f"overrides.{field}" if overrides else "parameters"


def _chosen(given: str | None, rule: Parameter) -> str:
    return rule.default if given is None or (not given and not rule.blank) else given


def _filled(tree: Any, parameters: Mapping[str, str]) -> Any:
    if isinstance(tree, str):
        return _PARAMETER.sub(lambda found: _value(found[1], parameters), tree)
    if isinstance(tree, Mapping):
        return {_filled(key, parameters): _filled(value, parameters) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_filled(value, parameters) for value in tree]
    return tree


def _value(name: str, parameters: Mapping[str, str]) -> str:
    if name not in parameters:
        raise InvalidField(f"There is no parameter {name}.", field="parameters")
    return parameters[name]
