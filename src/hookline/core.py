"""What every role of a node needs: settings read into parts, the store opened, the catalogue loaded."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hookline.catalog.loader import load_cases, load_dialects, load_presets, load_providers, load_systems
from hookline.catalog.provider_file import ProviderFile
from hookline.clock import Clock
from hookline.config import Settings
from hookline.deliver.dialect import Envelope, compile_dialect
from hookline.deliver.stepwise import Stepwise
from hookline.deliver.targets import Targets
from hookline.deliver.tokens import Tokens
from hookline.deliver.upkeep import Bounds, Upkeep
from hookline.errors import LibraryMissing
from hookline.late import missing
from hookline.model.cases import Cases
from hookline.model.ids import Ids
from hookline.model.preset import Preset
from hookline.model.system import System
from hookline.net.client import Client
from hookline.net.dns import DnsResolver
from hookline.net.guard import Guard
from hookline.net.interfaces import addresses_by_name, own_addresses
from hookline.net.proxy import parse_proxy
from hookline.net.url import parse_url
from hookline.receive.inbox import Inbox
from hookline.records.kinds import Kinds
from hookline.storage.ledger import Ledger
from hookline.storage.open import Location, Opened, open_store
from hookline.telemetry import Telemetry
from hookline.vault import Vault, load_keys


@dataclass(frozen=True, kw_only=True)
class Core:
    """What every role needs."""

    settings: Settings
    clock: Clock
    telemetry: Telemetry
    ids: Ids
    opened: Opened
    ledger: Ledger
    dialects: Mapping[str, Envelope]
    systems: Mapping[str, System]
    kinds: Kinds
    guard: Guard
    client: Client
    targets: Targets
    presets: Mapping[str, Preset]
    cases: Cases
    stepwise: Stepwise
    upkeep: Upkeep
    inbox: Inbox


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """The catalogue, read."""

    dialects: Mapping[str, Envelope]
    providers: Mapping[str, ProviderFile]
    systems: Mapping[str, System]
    presets: Mapping[str, Preset]
    cases: Cases
    kinds: Kinds


def read_shelf(catalog: Path | None) -> Shelf:
    """Raises CatalogError. What ships with Hookline is read once in a process, however many gateways it has."""
    return _read(catalog) if catalog else _ours()


@cache
def _ours() -> Shelf:
    """Cached for tests, where a process has hundreds of gateways and not one. Gateways share it because nobody changes
    what was read.
    """
    return _read(None)


def _read(catalog: Path | None) -> Shelf:
    plain = load_dialects(catalog)
    dialects = {name: compile_dialect(dialect) for name, dialect in plain.items()}
    providers = load_providers(catalog)
    systems = load_systems(dialects, providers, catalog)
    zones = {name: plain[system.dialect].time.zone for name, system in systems.items()}
    return Shelf(
        dialects=dialects,
        providers=providers,
        systems=systems,
        presets=load_presets(catalog),
        cases=Cases(systems, load_cases(catalog)),
        kinds=Kinds(systems, zones),
    )


async def build_core(
    settings: Settings,
    telemetry: Telemetry,
    stack: AsyncExitStack,
    wrap: Callable[[Ledger], Ledger],
    clock: Clock,
) -> Core:
    """Opened and read; what it opens is closed with `stack`. `wrap` may stand between and the hot verbs.

    Raises LibraryMissing, ConfigurationError.
    """
    _check_libraries()
    shelf = read_shelf(settings.catalog)
    location = location_of(settings, shelf.kinds.followed)
    opened = await open_store(location, Vault(load_keys(settings)), clock)
    stack.push_async_callback(opened.close)
    resolver = DnsResolver(clock)
    stack.push_async_callback(resolver.close)
    guard = _guard(settings, resolver)
    client = _client(settings, guard)
    stack.push_async_callback(client.close)
    stepwise = Stepwise(
        client=client,
        tokens=Tokens(client, clock, guard.check),
        remotes=opened.store.remotes,
        cases=shelf.cases,
        telemetry=telemetry,
    )
    stack.callback(stepwise.close)
    return Core(
        settings=settings,
        clock=clock,
        telemetry=telemetry,
        ids=Ids(clock),
        opened=opened,
        ledger=wrap(opened.store.ledger),
        dialects=shelf.dialects,
        systems=shelf.systems,
        kinds=shelf.kinds,
        guard=guard,
        client=client,
        targets=Targets(shelf.dialects, guard.check, shelf.presets),
        presets=shelf.presets,
        cases=shelf.cases,
        stepwise=stepwise,
        upkeep=Upkeep(
            store=opened.store, prune=opened.prune, bounds=_bounds(settings), clock=clock, telemetry=telemetry
        ),
        inbox=Inbox.over(opened.store, shelf.providers, client, clock=clock, telemetry=telemetry),
    )


def _check_libraries() -> None:
    """Now, because it would otherwise be the first template or filter that fails."""
    if packages := missing():
        verb = "is" if len(packages) == 1 else "are"
        raise LibraryMissing(
            f"{' and '.join(packages)} {verb} not installed.", hint="Install from requirements/run.lock."
        )


def _client(settings: Settings, guard: Guard) -> Client:
    proxy = settings.proxy.reveal()
    names = settings.proxy_resolves_names
    return Client(dial=guard, proxy=parse_proxy(proxy, names=names) if proxy else None)


def _bounds(settings: Settings) -> Bounds:
    return Bounds(
        retention_days=settings.retention_days,
        idempotency_days=settings.idempotency_days,
        backlog_limit=settings.backlog_limit,
        tenant_backlog_limit=settings.tenant_backlog_limit,
    )


def location_of(settings: Settings, followed: AbstractSet[str] = frozenset()) -> Location:
    return Location(
        sqlite=settings.sqlite_file,
        postgres=settings.database_url,
        pool_size=settings.pool_size,
        key_days=settings.idempotency_days,
        followed=followed,
    )


def _guard(settings: Settings, resolver: DnsResolver) -> Guard:
    own_hosts = [parse_url(settings.public_url).host] if settings.public_url else []
    return Guard(
        resolver=resolver,
        allow_networks=settings.allow_networks,
        allow_hosts=settings.allow_hosts,
        allow_http=settings.allow_http,
        own_addresses={*own_addresses(), *addresses_by_name()},
        own_hosts=own_hosts,
        nat64=settings.nat64,
    )
