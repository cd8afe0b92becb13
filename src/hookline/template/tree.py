"""JsonTemplate: a tree whose texts are templates, each rendered for itself: no value can break out of its string.

Keys are no templates. `key?` leaves its member out when its value is empty, `key??` is the key `key?`. An object with
the member `?` is left out where that renders to nothing or false.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from hookline.errors import InvalidTemplate
from hookline.template.engine import Scope, Template, TemplateFailed, compile_text
from hookline.template.scope import KIB, in_words
from hookline.template.values import FarNumber, encode, is_empty

MAX_TREE = 256 * KIB
MAX_DEPTH = 64
MAX_LEAVES = 2_000
CONDITION = "?"

_LEFT_OUT = object()
_NULL = msgspec.Raw(b"null")


class JsonTemplate:
    def __init__(self, root: "Node") -> None:
        self.constant = isinstance(root, msgspec.Raw)
        """It holds no places, and renders to the same bytes always."""
        self._root = root
        self._bytes = bytes(root) if isinstance(root, msgspec.Raw) else b""

    def render(self, scope: Scope) -> bytes:
        """Compact JSON in UTF-8. Raises TemplateFailed. A root that is left out is null."""
        if self.constant:
            return self._bytes
        made = _made(self._root, scope)
        body = encode(_NULL if made is _LEFT_OUT else made)
        if len(body) > scope.limits.output:
            raise TemplateFailed(f"It wrote more than {in_words(scope.limits.output)}.")
        return body


class Member(msgspec.Struct, frozen=True):
    key: str
    node: "Node"
    optional: bool = False
    """It is left out when its value is empty."""


class Members(msgspec.Struct, frozen=True):
    members: tuple[Member, ...]
    condition: "Node | None" = None


class Items(msgspec.Struct, frozen=True):
    items: tuple["Node", ...]


Node = msgspec.Raw | Template | Members | Items
"""What does not change is JSON already."""


def compile_tree(tree: object, field: str) -> JsonTemplate:
    """`tree`: decoded JSON. Raises InvalidTemplate that names the leaf, as `template.json.items[0].name`."""
    return JsonTemplate(_Compiler(field).node(tree, field, 1))


class _Compiler:
    def __init__(self, field: str) -> None:
        self._field = field
        self._leaves = 0
        self._size = 0

    def node(self, tree: object, field: str, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._refusal(f"It is nested more than {MAX_DEPTH} deep.")
        if isinstance(tree, Mapping):
            return self._members(tree, field, depth)
        if isinstance(tree, list | tuple):
            items = tuple(self.node(one, f"{field}[{at}]", depth + 1) for at, one in enumerate(tree))
            return _settled(Items(items), items)
        return self._leaf(tree, field)

    def _members(self, tree: Mapping[object, object], field: str, depth: int) -> Node:
        condition, members = None, dict[str, Member]()
        for name, value in tree.items():
            self._count(str(name))
            node = self.node(value, f"{field}.{name:.100}", depth + 1)
            if name == CONDITION:
                condition = node
                continue
            member = _member(str(name), node)
            if member.key in members:
                raise InvalidTemplate(
                    f"The member {member.key!r:.100} stands twice.",
                    hint="Keep one.",
                    field=f"{field}.{name:.100}",
                )
            members[member.key] = member
        made = Members(tuple(members.values()), condition)
        plain = condition is None and not any(one.optional for one in made.members)
        return _settled(made, [one.node for one in made.members]) if plain else made

    def _leaf(self, leaf: object, field: str) -> Node:
        self._leaves += 1
        if self._leaves > MAX_LEAVES:
            raise self._refusal(f"It has more than {MAX_LEAVES:,} leaves.")
        if not isinstance(leaf, str) or isinstance(leaf, FarNumber):
            return msgspec.Raw(encode(leaf))
        self._count(leaf)
        template = compile_text(leaf, field)
        return msgspec.Raw(encode(leaf)) if template.constant else template

    def _count(self, text: str) -> None:
        self._size += len(text.encode(errors="replace"))
        if self._size > MAX_TREE:
            raise self._refusal(f"It is longer than {in_words(MAX_TREE)}.")

    def _refusal(self, sentence: str) -> InvalidTemplate:
        return InvalidTemplate(sentence, hint="Write a smaller one.", field=self._field)


def _member(name: str, node: Node) -> Member:
    if name.endswith("??"):
        return Member(name[:-1], node)
    return Member(name.removesuffix("?"), node, optional=name.endswith("?"))


def _settled(made: Members | Items, inside: Sequence[Node]) -> Node:
    """JSON already, where all that is inside is."""
    if not all(isinstance(node, msgspec.Raw) for node in inside):
        return made
    if isinstance(made, Items):
        return msgspec.Raw(encode(list(made.items)))
    return msgspec.Raw(encode({one.key: one.node for one in made.members}))


def _made(node: Node, scope: Scope) -> object:
    """What `encode` takes, or `_LEFT_OUT`."""
    if isinstance(node, Template):
        return _leaf(node, scope)
    if isinstance(node, Items):
        return [made for one in node.items if (made := _made(one, scope)) is not _LEFT_OUT]
    if isinstance(node, Members):
        return dict(_members(node, scope)) if _holds(node.condition, scope) else _LEFT_OUT
    return node


def _members(node: Members, scope: Scope) -> Iterator[tuple[str, object]]:
    for member in node.members:
        made = _optional(member.node, scope) if member.optional else _made(member.node, scope)
        if made is not _LEFT_OUT:
            yield member.key, made


def _optional(node: Node, scope: Scope) -> object:
    """What is missing is told only where the member stays."""
    with scope.asking() as missed:
        made = _made(node, scope)
    if made is _LEFT_OUT or _is_nothing(made):
        return _LEFT_OUT
    for path in missed:
        scope.miss(path)
    return made


def _leaf(template: Template, scope: Scope) -> object:
    """Collections are written here, so that many large ones do not add up before they are counted."""
    value = template.value(scope)
    if not template.typed or not isinstance(value, str | list | dict | tuple) or isinstance(value, FarNumber):
        return value
    written = msgspec.Raw(encode(value))
    scope.wrote(len(bytes(written)))
    scope.tick()
    return written


def _holds(condition: Node | None, scope: Scope) -> bool:
    """Asking for what is missing is no miss."""
    if condition is None:
        return True
    with scope.asking():
        made = _made(condition, scope)
    if isinstance(made, str):
        return made.strip() not in {"", "false"}
    return made is not False and made is not _LEFT_OUT and not _is_nothing(made) and not _is_false(made)


def _is_nothing(made: object) -> bool:
    return bytes(made) in _NOTHINGS if isinstance(made, msgspec.Raw) else is_empty(made)


def _is_false(made: object) -> bool:
    return isinstance(made, msgspec.Raw) and bytes(made) in {b"false", b'"false"'}


_NOTHINGS = frozenset({b"null", b'""', b"[]", b"{}"})
