"""The house rules that no linter knows, each a function from text to the faults in it."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator

FUNCTION_LINES = 60
FILE_LINES = 400

EMPTY_WORDS = frozenset(
    word + ending
    for word in ("util", "helper", "common", "misc", "manager", "handler", "processor")
    for ending in ("", "s")
) | {"service"}  # in the plural they are real: PostgreSQL, a browser
# Lists in pyproject.toml whose entries explain themselves.
PLAIN_LISTS = frozenset(
    ("addopts", "classifiers", "extend-immutable-calls", "forbidden_modules", "layers", "source_modules")
)

_SQL_CLOCK = re.compile(
    r"\bnow\s*\(\s*\)|\bcurrent_(timestamp|date|time)\b|\b(clock|statement|transaction)_timestamp\s*\("
    r"|\b(datetime|date|time|julianday|unixepoch|strftime)\s*\([^)]*'now'|\bunixepoch\s*\(\s*\)|\blocaltimestamp\b",
    re.IGNORECASE,
)
_EXCEPTION = re.compile(
    r"#\s*(ruff:\s*)?noqa(:\s*[A-Z]+\d+([,\s]+[A-Z]+\d+)*)?|#\s*type:\s*ignore(\[[^\]]*\])?"
    r"|#\s*pragma:\s*no\s+(cover|branch)|#\s*fmt:\s*(off|skip)"
)
_ADDRESS = re.compile(r"://|^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)\b| @ ")
_BARE_ENTRY = re.compile(r'^\s+"[^"]*",?\s*$')
_BARE_LINE_OF_RULES = re.compile(r'^"[^"]+" = \["[A-Z]+\d+"[^#]*$')

# In brackets, so that the patterns are not found themselves.
_MACHINE = re.compile(
    r"/wor[k]/|/far[m]/|/roo[t]/|/hom[e]/[a-z]|/User[s]/[A-Za-z]|/tm[p]/[a-z]|pypi\.or[g]|pythonhosted\.or[g]"
)


def long_functions(text: str) -> list[str]:
    """Return functions that do not fit on a screen, docstring included."""
    return [
        f"line {node.lineno}: {node.name} has {length} lines, more than {FUNCTION_LINES}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES
    ]


def long_file(text: str) -> list[str]:
    """Return the file's length if it has more than one subject, which its length gives away."""
    length = text.count("\n")
    return [f"{length} lines, more than {FILE_LINES}"] if length > FILE_LINES else []


def empty_words(text: str) -> list[str]:
    """Return classes named with a word that says nothing."""
    return [
        f"line {node.lineno}: class {node.name} says nothing by {word!r}"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
        for word in words_of(node.name)
        if word in EMPTY_WORDS
    ]


def words_of(name: str) -> list[str]:
    """Return the words of a name in camel or snake case, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def clocks_in_sql(text: str) -> list[str]:
    """Return string constants, docstrings aside, in which a database would read its clock."""
    tree = ast.parse(text)
    docstrings = set(_docstrings(tree))
    return [
        f"line {node.lineno}: SQL reads a clock: {found.group()}; bind :now"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in docstrings
        for found in _SQL_CLOCK.finditer(node.value)
    ]


def clocks_in_sql_file(text: str) -> list[str]:
    """Return the places where a file of SQL reads the database's clock."""
    code = re.sub(r"--.*", "", text)
    return [f"SQL reads a clock: {found.group()}; bind :now" for found in _SQL_CLOCK.finditer(code)]


def exceptions_without_reason(text: str) -> list[str]:
    """Return comments that switch a check off without saying why on the same line."""
    faults = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not _EXCEPTION.search(token.string):
            continue
        if len(re.findall(r"[A-Za-z]+", _EXCEPTION.sub("", token.string))) < 2:
            faults.append(f"line {token.start[0]}: no reason given: {token.string}")
    return faults


def loose_values(text: str) -> list[str]:
    """Return dataclasses that could be changed, extended or built by position."""
    return [
        f"line {node.lineno}: {node.name} is not @dataclass(frozen=True, slots=True, kw_only=True)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ClassDef)
        for decorator in node.decorator_list
        if "dataclass" in ast.unparse(decorator)
        and not all(f"{word}=True" in ast.unparse(decorator) for word in ("frozen", "slots", "kw_only"))
    ]


def unexplained_lines(text: str) -> list[str]:
    """Return the dependencies and ignored rules of a pyproject.toml that do not say what they are for."""
    faults = []
    in_list = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if opening := re.match(r"(\S+) = \[($|\s*#)", line):
            in_list = opening.group(1)
        elif line.startswith("]"):
            in_list = ""
        bare = _BARE_ENTRY if in_list and in_list not in PLAIN_LISTS else _BARE_LINE_OF_RULES
        if bare.match(line):
            faults.append(f"line {number}: no reason given: {line.strip()}")
    return faults


def addresses(text: str) -> list[str]:
    """Return lines of a requirement file that say where to get packages."""
    return [line for line in text.splitlines() if _ADDRESS.search(line)]


def machine_paths(text: str) -> list[str]:
    """Return mentions of paths or registries that hold on one machine only."""
    return [f"names a machine's own {found.group()}" for found in _MACHINE.finditer(text)]


def rooms_in(architecture: str) -> set[str]:
    """Return what the map, the first block in the section Rooms, names: `jobs/`, `clock.py`."""
    section = architecture.partition("\n## Rooms")[2]
    block = section.partition("```")[2].partition("```")[0]
    return set(re.findall(r"^ +(\w+/|\w+\.py)(?=\s)", block, re.MULTILINE))


def engine_files_in(architecture: str) -> list[str]:
    """Return the files that the table in the section about the engine names, without their ending."""
    section = architecture.partition("\n## The engine, by subject")[2].partition("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("|")]
    return [name for row in rows[2:] for name in re.findall(r"`(\w+)`", row[2])]


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr):
                yield first.value
