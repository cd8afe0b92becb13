"""Kinds: the types of record of every system, and which of them a name means for a tenant."""

from collections.abc import Collection, Mapping

from hookline.errors import InvalidField, NotFound
from hookline.model.json import nearest
from hookline.model.record import RecordKey
from hookline.model.record_rules import RecordKind
from hookline.model.system import System
from hookline.records.rules import Kind


class Kinds:
    def __init__(self, systems: Mapping[str, System], zones: Mapping[str, str]) -> None:
        """`zones`: system → the one that its times are written in where its tenant has none."""
        self._systems = systems
        self._zones = zones
        self._kinds: dict[tuple[str, str, str], Kind] = {}

    @property
    def followed(self) -> frozenset[str]:
        """Types of events of whose deliveries a record tells."""
        kinds = [kind for system in self._systems.values() for kind in system.records.values()]
        return frozenset(name for kind in kinds if kind.delivery for name in _events_of(kind))

    def tells_of(self, key: RecordKey, event_type: str) -> bool:
        """Whether records of this type tell how the deliveries of such an event went."""
        system = self._systems.get(key.system)
        kind = system.records.get(key.type) if system else None
        return kind is not None and kind.delivery is not None and event_type in _events_of(kind)

    def kind(self, key: RecordKey, zone: str) -> Kind | None:
        """`zone`: the tenant's own; empty: the system's. None: the catalogue does not have it any more."""
        known = self._kinds.get((key.system, key.type, zone))
        if known is None and key.system in self._systems:
            rules = self._systems[key.system].records.get(key.type)
            if rules is not None:
                known = Kind(rules, zone or self._zones[key.system])
                self._kinds[key.system, key.type, zone] = known
        return known

    def system_of(self, type_: str, named: str, used: Collection[str]) -> str:
        """The system whose record this is: the one that is named, else the one that the tenant uses, else the only one.

        Raises NotFound for a type that none has, InvalidField where it could be one of several.
        """
        having = [name for name, system in sorted(self._systems.items()) if type_ in system.records]
        if not having:
            raise self._absent(type_)
        if named:
            if named not in having:
                raise InvalidField(
                    f"The system {named:.64} has no records of the type {type_}.",
                    hint=f"Those that have: {', '.join(having)}.",
                    field="system",
                )
            return named
        own = [name for name in having if name in used]
        if len(own) == 1 or len(having) == 1:
            return (own or having)[0]
        raise InvalidField(
            f"Records of the type {type_} are of several systems.",
            hint=f"Say which, as ?system={having[0]}: {', '.join(own or having)}.",
            field="system",
        )

    def _absent(self, type_: str) -> NotFound:
        known = sorted({name for system in self._systems.values() for name in system.records})
        meant = nearest(type_, known)
        hint = f"Did you mean {meant}?" if meant else f"There are: {', '.join(known)}."
        return NotFound(f"There are no records of the type {type_[:64]!r}.", hint=hint)


def _events_of(kind: RecordKind) -> set[str]:
    return {*kind.events, *kind.deadlines}
