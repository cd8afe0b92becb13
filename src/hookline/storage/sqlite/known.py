"""What the writer's thread has read of tenants and nodes, kept until something else than a hot verb has run in it.

One process has the file, and all that is written goes through that thread, in turn. The hot verbs change neither a
tenant's configuration nor the nodes; whoever does counts among the others.
"""

import sqlite3
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet

from hookline.model.ids import NodeId
from hookline.storage.sqlite import statements as sql
from hookline.storage.sqlite.rows import parts


class Known:
    def __init__(self, others: Callable[[], int]) -> None:
        """`others`: how often something else has run."""
        self._others = others
        self._seen = others()
        self._tenants: dict[str, int] = {}
        self._nodes: set[NodeId] = set()

    def tenants(self, connection: sqlite3.Connection, ids: AbstractSet[str]) -> Mapping[str, int]:
        """The config version of each of them that lives."""
        self._forget_what_may_be_old()
        missing = sorted(ids - self._tenants.keys())
        for some in parts(missing):
            self._tenants.update(connection.execute(sql.tenants(len(some)), some).fetchall())
        return {tenant: self._tenants[tenant] for tenant in ids if tenant in self._tenants}

    def node(self, connection: sqlite3.Connection, node: NodeId) -> bool:
        """Whether it lives: a node that was taken over is gone."""
        self._forget_what_may_be_old()
        if node not in self._nodes and connection.execute(sql.NODE, (node,)).fetchone() is not None:
            self._nodes.add(node)
        return node in self._nodes

    def _forget_what_may_be_old(self) -> None:
        others = self._others()
        if others != self._seen:
            self._seen = others
            self._tenants.clear()
            self._nodes.clear()
