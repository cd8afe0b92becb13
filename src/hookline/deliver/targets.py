"""Targets: endpoints compiled for sending, each once per version."""

from collections.abc import Callable, Mapping

from hookline.deliver.dialect import Envelope
from hookline.deliver.target import Target, compile_target
from hookline.errors import HooklineError
from hookline.model.endpoint import Endpoint
from hookline.model.ids import EndpointId, TenantId
from hookline.model.patterns import Patterns
from hookline.net.url import Url

MAX_TARGETS = 20_000


class Targets:
    def __init__(self, dialects: Mapping[str, Envelope], check: Callable[[Url], None]) -> None:
        """`check` raises InvalidUrl for a URL that the operator does not allow (any more)."""
        self._dialects = dialects
        self._check = check
        self._targets: dict[tuple[TenantId, EndpointId], Target | str] = {}
        self._versions: dict[tuple[TenantId, EndpointId], int] = {}
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
        if self._versions.get(key) != endpoint.version:
            if len(self._targets) >= MAX_TARGETS:
                self._targets.clear()
                self._versions.clear()
            self._targets[key] = self._compile(endpoint)
            self._versions[key] = endpoint.version
        return self._targets[key]

    def _compile(self, endpoint: Endpoint) -> Target | str:
        dialect = self._dialects.get(endpoint.dialect)
        if dialect is None:
            return f"The dialect {endpoint.dialect} is not in the catalogue"
        try:
            target = compile_target(endpoint, dialect.zoned(endpoint.zone))
            self._check(target.url)
        except HooklineError as error:
            return error.detail
        except ValueError as error:
            return str(error)
        return target
