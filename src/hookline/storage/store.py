"""Store: all that is kept, one repository a noun, over one database."""

from dataclasses import dataclass
from typing import Self

from hookline.storage.counters import Counters
from hookline.storage.database import Database
from hookline.storage.declared import Declared
from hookline.storage.deliveries import Deliveries
from hookline.storage.enabled_systems import EnabledSystems
from hookline.storage.endings import Endings
from hookline.storage.endpoint_rows import Vault
from hookline.storage.endpoints import Endpoints
from hookline.storage.event_types import EventTypes
from hookline.storage.events import Events
from hookline.storage.keys import Keys
from hookline.storage.ledger import Ledger
from hookline.storage.receipts import Receipts
from hookline.storage.records import Records
from hookline.storage.remotes import Remotes
from hookline.storage.sources import Sources
from hookline.storage.tenants import Tenants


@dataclass(frozen=True, kw_only=True)
class Store:
    database: Database
    ledger: Ledger
    tenants: Tenants
    keys: Keys
    event_types: EventTypes
    endpoints: Endpoints
    events: Events
    deliveries: Deliveries
    counters: Counters
    sources: Sources
    receipts: Receipts
    enabled_systems: EnabledSystems
    records: Records
    endings: Endings
    declared: Declared
    remotes: Remotes

    @classmethod
    def over(cls, database: Database, ledger: Ledger, vault: Vault) -> Self:
        return cls(
            database=database,
            ledger=ledger,
            tenants=Tenants(database),
            keys=Keys(database),
            event_types=EventTypes(database),
            endpoints=Endpoints(database, vault),
            events=Events(database),
            deliveries=Deliveries(database),
            counters=Counters(database),
            sources=Sources(database, vault),
            receipts=Receipts(database),
            enabled_systems=EnabledSystems(database),
            records=Records(database),
            endings=Endings(database),
            declared=Declared(database),
            remotes=Remotes(database),
        )
