"""YAML as the catalogue reads it: plain values only, and nothing is dropped silently."""

import yaml


def parse_yaml(text: str) -> object:
    """Raises yaml.YAMLError; its text names line and column."""
    loader = _StrictLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


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
