"""Reading YAML strictly: no key twice, and no surprises from words that old YAML takes for something else.

`no`, `on` and `yes` stay words (a counter's number is `no: 7`), `2026-11-24` stays a text and so does `07:30`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from queue_server.directory.faults import Fault, InvalidDirectory


class _Loader(yaml.SafeLoader):
    """Scalars as YAML 1.2 has them: null, true/false, numbers; all else is text."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"'{key}' stands here twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)$", list("-+.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises:
        InvalidDirectory: it cannot be read, is no YAML, names a key twice, or holds no mapping.
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)
    except OSError as error:
        raise InvalidDirectory([Fault("", f"cannot be read: {error.strerror}")], str(path)) from None
    except UnicodeDecodeError:
        raise InvalidDirectory([Fault("", "must be UTF-8 text")], str(path)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise InvalidDirectory([Fault(place, str(error.problem))], str(path)) from None
    except yaml.YAMLError as error:
        raise InvalidDirectory([Fault("", str(error))], str(path)) from None
    if not isinstance(content, dict):
        raise InvalidDirectory([Fault("", "must hold a mapping of keys and values")], str(path))
    return content
