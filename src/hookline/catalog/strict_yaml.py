"""YAML as the catalogue reads it: plain values only, and nothing is dropped silently."""

from importlib.resources.abc import Traversable

import yaml

from hookline.errors import CatalogError


def read_yaml(file: Traversable) -> object:
    """Raises CatalogError."""
    try:
        return parse_yaml(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise CatalogError(f"{file} is missing.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{file} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        told = " ".join(str(error).replace('in "<unicode string>", ', "at ").split())
        raise CatalogError(f"{file} is not YAML: {told}") from error


def parse_yaml(text: str) -> object:
    """Raises yaml.YAMLError; its text names line and column."""
    loader = _StrictLoader(text)
    try:
        value: object = loader.get_single_data()
    finally:
        loader.dispose()
    _check_finite(value)
    return value


def _check_finite(value: object, above: frozenset[int] = frozenset()) -> None:
    if id(value) in above:
        raise yaml.composer.ComposerError(None, None, "an alias stands within what it stands for")
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            _check_finite(one, above | {id(value)})


# Built upon libyaml where PyYAML has it, as its wheels do: the catalogue is read at each start.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _StrictLoader(_Loader):  # type: ignore[valid-type,misc]
    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Of two equal keys YAML's own loader keeps the last and says nothing. It calls this for every mapping."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                problem = f"the key {key.value!r} stands here twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value)
        super().flatten_mapping(node)
        # What `<<` brings now stands before what goes over it; whoever merges this mapping would find it twice.
        last = {
            key.value if isinstance(key, yaml.ScalarNode) else id(key): (key, value)
            for key, value in node.value
        }
        node.value = list(last.values())
