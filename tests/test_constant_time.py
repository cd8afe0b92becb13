"""Secrets are compared in a time that tells nothing: a look at every comparison in the code that verifies."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "hookline"
WATCHED = ("receive/*.py", "api/receive*.py", "api/proving.py", "client/verify.py")
WORDS = (
    "secret",
    "signature",
    "token",
    "digest",
    "mac",
    "password",
    "credential",
    "candidate",
    "known_by",
    "expected",
    "learned",
    "proof",
    "computed",
)
"""In the name of what is compared, as a word of it. Names in capitals are constants of ours, and nobody's secret."""

_NAME = "the name of a header or field, from the catalogue"
ALLOWED = {
    (
        "receive/proof.py",
        "written(raw, encoding) != signature",
    ): "a signature is compared with its own spelling",
    ("receive/scheme.py", "token.key_name in {'', named.name}"): "a key's name is public",
    ("receive/keys.py", "':' not in secret"): "when a source is saved, to say what is wrong with it",
    ("receive/signature.py", "key == rule.signature"): _NAME,
    ("receive/telling.py", "name in self._secret_queries"): _NAME,
    ("receive/telling.py", "static == secret"): "two answers of yes or no",
    ("receive/telling.py", "text in self._signatures"): _NAME,
    ("receive/telling.py", "text not in self._secret_headers"): _NAME,
}
"""Comparisons that may take as long as they like, and why."""


EARLY = frozenset({"startswith", "endswith", "index", "find", "count", "__eq__"})
"""Methods that end at the first difference."""


class Comparison(NamedTuple):
    line: int
    text: str


def comparisons(tree: ast.Module) -> Iterator[Comparison]:
    """Of values whose name says that they are secret. `is` looks at no value."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            compared = [op for op in node.ops if isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn)]
            if compared and any(map(_telling, _names(node))):
                yield Comparison(node.lineno, ast.unparse(node))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            early = node.func.attr in EARLY and not all(map(_literal, node.args))
            if early and any(map(_telling, _names(node.func.value))):
                yield Comparison(node.lineno, ast.unparse(node))


def _literal(node: ast.expr) -> bool:
    """Which form a secret has may be asked: it tells nothing of the rest."""
    return isinstance(node, ast.Constant) or (isinstance(node, ast.Tuple) and all(map(_literal, node.elts)))


def _names(node: ast.AST) -> Iterator[str]:
    """Also inside of calls: `a.secret.encode() == b`. What is only measured is not compared."""
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"len", "isinstance"}
    ):
        return
    if isinstance(node, ast.Name):
        yield node.id
    elif isinstance(node, ast.Attribute):
        yield node.attr
    for child in ast.iter_child_nodes(node):
        yield from _names(child)


def _telling(name: str) -> bool:
    if name.isupper():
        return False
    words = name.split("_")
    return name in WORDS or any(word.removesuffix("s") in WORDS for word in words)


def watched() -> list[Path]:
    return sorted(path for pattern in WATCHED for path in SOURCE.glob(pattern))


def found(path: Path) -> set[tuple[str, str]]:
    name = path.relative_to(SOURCE).as_posix()
    return {(name, one.text) for one in comparisons(ast.parse(path.read_text()))}


@pytest.mark.parametrize("path", watched(), ids=[path.stem for path in watched()])
def test_nothing_secret_is_compared_in_a_time_that_depends_on_it(path: Path) -> None:
    assert found(path) - ALLOWED.keys() == set()


def test_every_exception_is_still_needed() -> None:
    assert ALLOWED.keys() - {one for path in watched() for one in found(path)} == set()


def test_every_pattern_of_files_finds_some() -> None:
    for pattern in WATCHED:
        assert list(SOURCE.glob(pattern)), pattern


@pytest.mark.parametrize(
    "planted",
    [
        "good = secret == given",
        "good = given != source.secret.value",
        "if self._signature == text: pass",
        "good = candidate in candidates",
        "good = given not in self._secrets",
        "ok = [one for one in all if one.token == two]",
        "assert digest(body).hex() == x.expected",
        "good = hmac_mac == given",
        "while known_by.encode() != rest: pass",
        "good = password.startswith(given)",
        "good = a < b == token",
        "match = (lambda: learned in known)",
    ],
)
def test_a_planted_comparison_is_caught(planted: str) -> None:
    assert list(comparisons(ast.parse(planted)))


@pytest.mark.parametrize(
    "harmless",
    [
        "good = hmac.compare_digest(secret, given)",
        "good = secret is None",
        "good = len(signature) > 16",
        "good = machine == 'x'",
        "good = secret.startswith(('whpk_', 'whsk_'))",
        "good = algorithm in TOKENS",
        "good = status == 200",
        "good = token.startswitch",
    ],
)
def test_what_compares_no_secret_is_left_alone(harmless: str) -> None:
    assert not list(comparisons(ast.parse(harmless)))
