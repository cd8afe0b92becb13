"""Targets: endpoints compiled for sending, each once per version."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from hookline.deliver.conversation import Conversing
from hookline.deliver.dialect import Envelope
from hookline.deliver.prepared import Prepared
from hookline.deliver.recipe import Recipe
from hookline.deliver.target import Target, compile_target
from hookline.deliver.templated import Plain, Templated
from hookline.errors import HooklineError
from hookline.model.endpoint import Endpoint
from hookline.model.ids import EndpointId, TenantId
from hookline.model.patterns import Patterns
from hookline.model.preset import Preset
from hookline.net.url import Url
from hookline.template.engine import TemplateFailed

MAX_TARGETS = 20_000


class Targets:
    def __init__(
        self,
        dialects: Mapping[str, Envelope],
        check: Callable[[Url], None],
        presets: Mapping[str, Preset] = MappingProxyType({}),
    ) -> None:
        """`check` raises InvalidUrl for a URL that the operator does not allow (any more)."""
        self._dialects = dialects
        self._presets = presets
        self._prepared: dict[str, Prepared] = {}
        self._check = check
        self._targets: dict[tuple[TenantId, EndpointId], tuple[int, Target | str]] = {}
        self._patterns: dict[tuple[str, ...], Patterns] = {}

    def wants(self, endpoint: Endpoint, event_type: str) -> bool:
        """Whether it still subscribes to this type."""
        patterns = self._patterns.get(endpoint.events)
        if patterns is None:
            if len(self._patterns) >= MAX_TARGETS:
                self._patterns.clear()
            patterns = self._patterns[endpoint.events] = Patterns(endpoint.events)
        return patterns.matches(event_type)

    def get(self, endpoint: Endpoint) -> Target | str:
        """The target, or in words why the endpoint cannot be sent to."""
        key = (endpoint.tenant_id, endpoint.id)
        known = self._targets.get(key)
        if known is None or known[0] != endpoint.version:
            if len(self._targets) >= MAX_TARGETS:
                self._targets.clear()
            known = self._targets[key] = endpoint.version, self.compile(endpoint)
        return known[1]

    def compile(self, endpoint: Endpoint) -> Target | str:
        """As `get`, for one that is not stored: it is not kept."""
        dialect = self._dialects.get(endpoint.dialect)
        if dialect is None:
            return f"The dialect {endpoint.dialect} is not in the catalogue"
        try:
            target = self._made(endpoint, dialect.zoned(endpoint.zone))
            self._check(target.url)
        except HooklineError as error:
            return error.detail
        except (ValueError, TemplateFailed) as error:
            return str(error)
        return target

    def _made(self, endpoint: Endpoint, dialect: Envelope) -> Target:
        if endpoint.preset:
            recipe = self.recipe(endpoint, dialect)
            recipe.target.talker = Conversing(recipe)
            return recipe.target
        target = compile_target(endpoint, dialect)
        if endpoint.template is not None:
            target.talker = Templated(target, endpoint.template)
        elif target.authorized:
            target.talker = Plain(target)
        return target

    def recipe(self, endpoint: Endpoint, dialect: Envelope) -> Recipe:
        """Raises ValueError, TemplateFailed and what else `Recipe` does."""
        prepared = self._prepared.get(endpoint.preset)
        if prepared is None:
            preset = self._presets.get(endpoint.preset)
            if preset is None:
                raise ValueError(f"The preset {endpoint.preset} is not in the catalogue")
            prepared = self._prepared[endpoint.preset] = Prepared(preset)
        return Recipe(prepared, endpoint, dialect)
