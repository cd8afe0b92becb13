"""Inbox: what receiving has in memory, made once for a node."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from hookline.catalog.provider_file import ProviderFile
from hookline.clock import Clock
from hookline.net.client import Client
from hookline.receive.fetcher import Fetcher
from hookline.receive.finder import Finder
from hookline.receive.refusals import Refusals
from hookline.receive.registry import Registry
from hookline.storage.store import Store
from hookline.telemetry import Telemetry


@dataclass(frozen=True, kw_only=True)
class Inbox:
    registry: Registry
    finder: Finder
    refusals: Refusals
    fetcher: Fetcher

    @classmethod
    def over(
        cls,
        store: Store,
        providers: Mapping[str, ProviderFile],
        client: Client,
        *,
        clock: Clock,
        telemetry: Telemetry,
    ) -> Self:
        return cls(
            registry=Registry(providers),
            finder=Finder(store.sources),
            refusals=Refusals(store.receipts, clock, telemetry),
            fetcher=Fetcher(client, clock),
        )
