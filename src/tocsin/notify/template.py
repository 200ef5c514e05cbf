"""Message templates that users write: Liquid, and the plain placeholders of older configurations.

python-liquid reaches no attribute of any object, and bounds loops, output and variables. That is not enough:
a range such as `(1..1000000000)` or a chain of `replace` fills the memory before it meets any of those
bounds. So ranges are refused, only the filters listed here exist, and every call of one is counted and its
result measured.
"""

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from functools import cache, lru_cache, wraps
from typing import Any, ClassVar, Final

from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.expression import Expression

from tocsin.errors import InvalidTemplate
from tocsin.notify.variables import PLACEHOLDERS, Rendered, Variables

TEMPLATE_LIMIT: Final = 8 * 1024
OUTPUT_LIMIT: Final = 16 * 1024
LOOP_LIMIT: Final = 1000
FILTER_CALLS_LIMIT: Final = 2000
ITEMS_LIMIT: Final = 1000
NUMBER_BITS_LIMIT: Final = 1024
VALUE_LIMIT: Final = 2000
DEPTH_LIMIT: Final = 20

# fmt: off - a list of words reads better in lines than one by one
FILTERS: Final = frozenset(
    (
        "abs",
        "append",
        "at_least",
        "at_most",
        "capitalize",
        "ceil",
        "default",
        "divided_by",
        "downcase",
        "escape",
        "first",
        "floor",
        "join",
        "last",
        "lstrip",
        "map",
        "minus",
        "modulo",
        "newline_to_br",
        "plus",
        "prepend",
        "remove",
        "remove_first",
        "remove_last",
        "replace",
        "replace_first",
        "replace_last",
        "round",
        "rstrip",
        "size",
        "slice",
        "split",
        "squish",
        "strip",
        "strip_newlines",
        "times",
        "truncate",
        "truncatewords",
        "upcase",
        "url_encode",
        "where",
    )
)
# fmt: on

_REFUSED_TAGS: Final = ("include", "render", "tablerow")
_MARKUP: Final = re.compile(
    r"(\{%-?\s*raw\s*-?%\}.*?\{%-?\s*endraw\s*-?%\}|\{\{.*?\}\}|\{%.*?%\})", re.DOTALL
)
_PLACEHOLDER: Final = re.compile(r"(?<!\{)\{(" + "|".join(PLACEHOLDERS) + r")\}(?!\})")


def check_template(text: str) -> None:
    """Raise InvalidTemplate, with line and column, for a template that could never be rendered."""
    _compile(text)


def render(template: str, variables: Variables, *, default: str) -> Rendered:
    """Return the rendered template; if that fails or says nothing, the default text, and why."""
    try:
        text = _compile(template).render(**_names(variables))
    except InvalidTemplate as fault:
        return Rendered(text=default, problem=str(fault))
    except LiquidError as fault:
        return Rendered(text=default, problem=_fault(fault))
    except Exception as fault:  # noqa: BLE001 - whatever a template does, the alert must be told
        return Rendered(text=default, problem=f"the template cannot be rendered: {type(fault).__name__}")
    if not text.strip():
        return Rendered(text=default, problem="the template rendered to nothing")
    return Rendered(text=text)


class _Liquid(Environment):
    """Liquid with every limit that it knows."""

    context_depth_limit: ClassVar[int] = DEPTH_LIMIT
    loop_iteration_limit: ClassVar[int | None] = LOOP_LIMIT
    local_namespace_limit: ClassVar[int | None] = OUTPUT_LIMIT
    output_stream_limit: ClassVar[int | None] = OUTPUT_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Keep what a message needs."""
        super().setup_tags_and_filters(extra=extra)
        self.filters = {name: _bounded(name, self.filters[name]) for name in FILTERS}
        for tag in _REFUSED_TAGS:
            del self.tags[tag]


@cache
def _liquid() -> Environment:
    return _Liquid()


@lru_cache(maxsize=256)
def _compile(text: str) -> BoundTemplate:
    if len(text) > TEMPLATE_LIMIT:
        raise InvalidTemplate(f"a template has at most {TEMPLATE_LIMIT} characters, not {len(text)}")
    try:
        template = _liquid().from_string(_as_liquid(text))
        used = template.analyze(include_partials=False)
        if _has_range(template):
            raise InvalidTemplate("ranges such as (1..10) are not allowed in a template")
    except LiquidError as fault:
        raise InvalidTemplate(_fault(fault)) from None
    except RecursionError:
        raise InvalidTemplate("the template is nested too deeply") from None
    _refuse_unknown("variable", used.globals, (field.name for field in fields(Variables)))
    _refuse_unknown("filter", used.filters, FILTERS)
    return template


def _as_liquid(text: str) -> str:
    """Return the template with its plain placeholders written in Liquid; markup and raw text stay."""
    pieces = _MARKUP.split(text)
    pieces[::2] = [_PLACEHOLDER.sub(r"{{ \1 }}", piece) for piece in pieces[::2]]
    return "".join(pieces)


def _has_range(template: BoundTemplate) -> bool:
    context = RenderContext(template)
    nodes: list[Node] = list(template.nodes)
    expressions: list[Expression] = []
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children(context, include_partials=False))
        expressions.extend(node.expressions())
    while expressions:
        expression = expressions.pop()
        if isinstance(expression, RangeLiteral):
            return True
        expressions.extend(expression.children())
    return False


def _refuse_unknown(what: str, used: Iterable[str], known: Iterable[str]) -> None:
    names = sorted(known)
    for name in used:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names)}"
            raise InvalidTemplate(f"there is no {what} {name!r} ({hint})")


def _fault(fault: LiquidError) -> str:
    """Return what Liquid found, on one line, with the place."""
    what = str(fault.message or "it cannot be read").splitlines()[0]
    place = fault.context()
    return f"line {place[0]}, column {place[1] + 1}: {what}" if place else what


def _names(variables: Variables) -> dict[str, object]:
    plain = {field.name: _short(getattr(variables, field.name)) for field in fields(variables)}
    return {
        **plain,
        "labels": {name: _short(value) for name, value in variables.labels},
        "evidence": [{"name": name, "value": _short(value)} for name, value in variables.evidence],
    }


def _short(value: object) -> object:
    return value[:VALUE_LIMIT] if isinstance(value, str) else value


def _bounded(name: str, filter_: Callable[..., Any]) -> Callable[..., Any]:
    """Return the filter, unable to be called without end or to make much out of little."""

    @wraps(filter_)
    def call(value: Any, *args: Any, context: RenderContext, **kwargs: Any) -> Any:  # noqa: ANN401 - as Liquid calls it
        calls = context.tag_namespace.get("filter_calls", 0) + 1
        context.tag_namespace["filter_calls"] = calls
        if calls > FILTER_CALLS_LIMIT:
            raise ResourceLimitError(f"more than {FILTER_CALLS_LIMIT} calls of filters", token=None)
        if name == "replace" and _grows(str(value), *args):
            raise ResourceLimitError("replace makes the text too long", token=None)
        return _measured(filter_(value, *args, **kwargs))

    call.with_context = True  # type: ignore[attr-defined] # how Liquid is told to pass it
    return call


def _grows(text: str, old: object = "", new: object = "") -> bool:
    return len(text) + text.count(str(old)) * len(str(new)) > OUTPUT_LIMIT


def _measured(result: object) -> object:
    if isinstance(result, str) and len(result) > OUTPUT_LIMIT:
        raise ResourceLimitError(f"a text of more than {OUTPUT_LIMIT} characters", token=None)
    if isinstance(result, list | tuple) and len(result) > ITEMS_LIMIT:
        raise ResourceLimitError(f"a list of more than {ITEMS_LIMIT} items", token=None)
    if isinstance(result, int) and result.bit_length() > NUMBER_BITS_LIMIT:
        raise ResourceLimitError("a number of hundreds of digits", token=None)
    return result
