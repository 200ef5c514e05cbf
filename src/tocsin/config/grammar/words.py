"""What each key of the grammar means: the words that stand below it.

The library would read them, too, but whenever the grammar is loaded: a fifth of the server's start, for what
only editors and the reference ask.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from itertools import pairwise

from tocsin.config.grammar.base import Part


def words_of(part: type[Part]) -> Mapping[str, str]:
    """Return the fields of a part, also of those that it builds on, each with the words below it."""
    kinds = (kind for kind in reversed(part.__mro__) if issubclass(kind, Part))
    return dict(words for kind in kinds for words in _below_its_fields(kind))


def _below_its_fields(part: type[Part]) -> Iterator[tuple[str, str]]:
    (parsed,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
    for line, below in pairwise(parsed.body if isinstance(parsed, ast.ClassDef) else []):
        match line, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                yield name, inspect.cleandoc(text)
            case _:
                pass
