"""EventTypes, on both databases."""

import msgspec
import pytest

from hookline.errors import NotFound
from hookline.model.event_type import Enforcement
from hookline.model.ids import TenantId
from hookline.storage.store import Store
from tests.clock import NOON
from tests.storage.people import ALICE, STRANGER, an_event_type, settle_in

NAME = "call.started"


async def test_a_schema_and_an_example_keep_their_bytes(store: Store) -> None:
    await settle_in(store)
    event_type = an_event_type(
        ALICE,
        NAME,
        description="A call begins",
        schema=msgspec.Raw(b'{"type" : "object"}'),
        enforcement=Enforcement.WARN,
        example=msgspec.Raw(b'{"b":1.0,"a":2}'),
        deprecated=True,
    )
    assert await store.event_types.put(event_type)
    assert await store.event_types.get(ALICE, NAME) == event_type


async def test_putting_again_replaces_all_but_the_day_of_creation(store: Store) -> None:
    await settle_in(store)
    await store.event_types.put(an_event_type(ALICE, NAME, description="old", schema=msgspec.Raw(b"{}")))
    await store.event_types.put(an_event_type(STRANGER, NAME, description="theirs"))
    later = NOON + 5
    changed = an_event_type(ALICE, NAME, description="new", created_at=later, updated_at=later)
    assert not await store.event_types.put(changed)
    assert await store.event_types.get(ALICE, NAME) == msgspec.structs.replace(changed, created_at=NOON)
    assert (await store.event_types.get(STRANGER, NAME)).description == "theirs"


async def test_a_stranger_neither_sees_nor_deletes_it(store: Store) -> None:
    await settle_in(store)
    await store.event_types.put(an_event_type(ALICE, NAME))
    for verb in (store.event_types.get(STRANGER, NAME), store.event_types.delete(STRANGER, NAME)):
        with pytest.raises(NotFound, match=r"There is no event type 'call\.started'"):
            await verb
    assert (await store.event_types.list(STRANGER, limit=9)).items == ()
    assert (await store.event_types.get(ALICE, NAME)).name == NAME


async def test_a_deleted_one_can_be_put_anew(store: Store) -> None:
    await settle_in(store)
    await store.event_types.put(an_event_type(ALICE, NAME))
    await store.event_types.delete(ALICE, NAME)
    with pytest.raises(NotFound):
        await store.event_types.delete(ALICE, NAME)
    assert await store.event_types.put(an_event_type(ALICE, NAME))


async def test_each_change_and_only_a_change_raises_the_config_version(store: Store) -> None:
    await settle_in(store)
    await store.event_types.put(an_event_type(ALICE, NAME))
    await store.event_types.put(an_event_type(ALICE, NAME, deprecated=True))
    await store.event_types.delete(ALICE, NAME)
    with pytest.raises(NotFound):
        await store.event_types.delete(ALICE, NAME)
    assert await store.tenants.version(ALICE) == 3
    assert await store.tenants.version(STRANGER) == 0


async def test_names_are_listed_by_their_bytes(store: Store) -> None:
    await settle_in(store)
    for name in ("a.b", "B", "a_b", "aa", "ä"):
        await store.event_types.put(an_event_type(ALICE, name))
    names, after = [], None
    while True:
        page = await store.event_types.list(ALICE, after=after, limit=2)
        names += [event_type.name for event_type in page.items]
        if page.after is None:
            break
        after = page.after
    assert names == ["B", "a.b", "a_b", "aa", "ä"]


async def test_no_tenant_no_event_type(store: Store) -> None:
    with pytest.raises(NotFound, match="There is no tenant 'nobody'"):
        await store.event_types.put(an_event_type(TenantId("nobody"), NAME))
