"""Matchers: that of each tenant, made once for each state of its configuration."""

from hookline.model.ids import TenantId
from hookline.route.match import Matcher, route_of
from hookline.storage.directory import TenantConfig

MAX_MATCHERS = 10_000


class Matchers:
    def __init__(self) -> None:
        self._known: dict[TenantId, tuple[TenantConfig, Matcher]] = {}

    def of(self, config: TenantConfig) -> Matcher:
        known = self._known.get(config.tenant_id)
        # Not by the version: two looks at one version may differ, since each may have seen some of the next.
        if known is not None and known[0] is config:
            return known[1]
        matcher = Matcher([route_of(endpoint) for endpoint in config.endpoints.values()])
        if len(self._known) >= MAX_MATCHERS:
            self._known.clear()
        self._known[config.tenant_id] = (config, matcher)
        return matcher
