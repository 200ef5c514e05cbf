"""The house is tidy, and a house that is not would be found out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import tidy

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "tocsin"
CODE = ("src", "tests", "benchmarks", "examples", "scripts")
PURE_ROOMS = ("jobs", "rules", "quality", "alerts", "oncall", "dialects")
NOT_OURS = {"__pycache__", "build", "dist", "node_modules", "var", "vendor"}
SOURCES = {".py", ".sql", ".html", ".css", ".js", ".sh"}

Rule = Callable[[str], list[str]]


def files(*folders: str | Path, suffixes: set[str] | None = None) -> Iterator[Path]:
    """Return our own files below these folders of the project."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*")):
            ours = not NOT_OURS.intersection(path.parts) and ".egg-info" not in str(path)
            if ours and path.is_file() and (suffixes is None or path.suffix in suffixes):
                yield path


def texts() -> Iterator[Path]:
    """Return every file of the project that is meant to be read."""
    visible = [path for path in ROOT.iterdir() if not path.name.startswith(".") or path.name == ".ci"]
    yield from (path for path in visible if path.is_file())
    yield from files(*(path for path in visible if path.is_dir() and path.name not in NOT_OURS))


def faults(rule: Rule, paths: Iterator[Path]) -> list[str]:
    """Return what a rule finds in these files, each with its place."""
    found = []
    for path in paths:
        try:
            found += [
                f"{path.relative_to(ROOT)}: {fault}" for fault in rule(path.read_text(encoding="utf-8"))
            ]
        except UnicodeDecodeError:
            continue  # a picture or an archive says nothing
        except SyntaxError as error:
            found.append(f"{path.relative_to(ROOT)}: {error}")
    return found


def test_a_function_fits_on_a_screen() -> None:
    assert faults(tidy.long_functions, files(*CODE, suffixes={".py"})) == []


def test_a_file_has_one_subject() -> None:
    assert faults(tidy.long_file, files(*CODE, suffixes=SOURCES)) == []


def test_no_class_is_named_with_an_empty_word() -> None:
    assert faults(tidy.empty_words, files(*CODE, suffixes={".py"})) == []


def test_no_module_is_named_with_an_empty_word() -> None:
    modules = [path.relative_to(ROOT) for path in files(*CODE, suffixes={".py"})]

    assert [m for m in modules if tidy.EMPTY_WORDS.intersection(tidy.words_of(str(m)))] == []


def test_the_database_never_reads_its_clock() -> None:
    assert faults(tidy.clocks_in_sql, files("src", "benchmarks", suffixes={".py"})) == []
    assert faults(tidy.clocks_in_sql_file, files("src", "benchmarks", suffixes={".sql"})) == []


def test_whoever_switches_a_check_off_says_why() -> None:
    assert faults(tidy.exceptions_without_reason, files(*CODE, suffixes={".py"})) == []


def test_values_of_the_pure_rooms_cannot_be_changed() -> None:
    assert faults(tidy.loose_values, files(*(PACKAGE / room for room in PURE_ROOMS), suffixes={".py"})) == []


def test_every_dependency_and_every_ignored_rule_says_what_for() -> None:
    assert faults(tidy.unexplained_lines, iter([ROOT / "pyproject.toml"])) == []


def test_the_locks_do_not_say_where_packages_come_from() -> None:
    assert faults(tidy.addresses, files("requirements")) == []


def test_nothing_names_the_machine_it_was_written_on() -> None:
    assert faults(tidy.machine_paths, texts()) == []


def test_the_map_names_every_room_and_only_rooms_that_exist() -> None:
    rooms = {f"{path.parent.name}/" for path in PACKAGE.glob("*/__init__.py")}
    front_hall = {path.name for path in PACKAGE.glob("*.py")} - {"__init__.py"}

    assert tidy.rooms_in((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")) == rooms | front_hall


def test_the_map_names_every_file_of_the_engine_once() -> None:
    engine = sorted(path.stem for path in (PACKAGE / "engine").glob("*.py") if path.stem != "__init__")

    assert sorted(tidy.engine_files_in((ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8"))) == engine


LONG = "def f():\n" + "    x = 1\n" * tidy.FUNCTION_LINES


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (tidy.long_functions, LONG),
        (tidy.long_functions, "class A:\n    async " + LONG.replace("\n", "\n    ")),
        (tidy.long_file, "x\n" * (tidy.FILE_LINES + 1)),
        (tidy.empty_words, "class AlertManager: ..."),
        (tidy.empty_words, "def f():\n    class HTTPHandler: ..."),
        (tidy.clocks_in_sql, 'Q = "SELECT * FROM runs WHERE due_at < now()"'),
        (tidy.clocks_in_sql, 'Q = f"INSERT INTO {t} VALUES (CURRENT_TIMESTAMP)"'),
        (tidy.clocks_in_sql, "Q = \"SELECT datetime('now')\""),
        (tidy.clocks_in_sql_file, "CREATE TABLE a (b text DEFAULT current_timestamp);"),
        (tidy.exceptions_without_reason, "import os  # noqa: F401\n"),
        (tidy.exceptions_without_reason, "import os  # noqa: F401, E402 -\n"),
        (tidy.exceptions_without_reason, "x = f()  # type: ignore[no-any-return]\n"),
        (tidy.exceptions_without_reason, "x = 1  # pragma: no cover\n"),
        (tidy.exceptions_without_reason, "x = 1  # fmt: skip\n"),
        (tidy.loose_values, "@dataclass\nclass A: ..."),
        (tidy.loose_values, "@dataclasses.dataclass(frozen=True, slots=True)\nclass A: ..."),
        (tidy.unexplained_lines, 'dev = [\n  "pytest>=8",\n]'),
        (tidy.unexplained_lines, 'ignore = [\n  "D105"\n]'),
        (tidy.unexplained_lines, '"tests/**" = ["S101"]'),
        (tidy.addresses, "--index-url https://packages.example/simple"),
        (tidy.addresses, "-f wheels"),
        (tidy.addresses, "tocsin @ file:wheels/tocsin.whl"),
        (tidy.machine_paths, "cd /" + "home/ada/tocsin"),
        (tidy.machine_paths, "open('/" + "tmp/out.txt')"),
    ],
)
def test_a_planted_fault_is_found(rule: Rule, text: str) -> None:
    assert len(rule(text)) == 1


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (tidy.long_functions, LONG.replace("    x = 1\n", "", 1)),
        (tidy.long_file, "x\n" * tidy.FILE_LINES),
        (tidy.empty_words, "class Handling: ...\nclass Utility: ..."),
        (
            tidy.clocks_in_sql,
            'def f():\n    """Unlike SQL\'s now(), bound."""\n    return "WHERE due_at < :now"',
        ),
        (tidy.clocks_in_sql_file, "-- never now()\nSELECT due_at FROM watches;"),
        (tidy.exceptions_without_reason, "import os  # noqa: F401 - shown to whoever imports us\n"),
        (
            tidy.exceptions_without_reason,
            "x = f()  # type: ignore[no-any-return]  # published without types\n",
        ),
        (tidy.exceptions_without_reason, 'x = "# noqa"\n'),
        (tidy.loose_values, "@dataclass(frozen=True, slots=True, kw_only=True)\nclass A: ..."),
        (tidy.unexplained_lines, 'ignore = [\n  "D105", # its protocol says it\n]'),
        (tidy.addresses, "click==8.5.1 \\\n    --hash=sha256:00"),
        (tidy.machine_paths, "/var/lib/tocsin/tocsin.db"),
    ],
)
def test_what_is_tidy_is_left_alone(rule: Rule, text: str) -> None:
    assert rule(text) == []


def test_the_map_is_read_from_its_block_alone() -> None:
    text = "# A\n web/ no\n## Rooms\n```\nsrc/\n  jobs/   what runs\n  clock.py   time\n```\n  engine/ no\n"

    assert tidy.rooms_in(text) == {"jobs/", "clock.py"}


def test_the_map_of_the_engine_is_read_from_its_table_alone() -> None:
    table = "| a | b |\n|---|---|\n| `no` | `work`, `draft` |\n"
    text = f"`no`\n## The engine, by subject\n`no`\n{table}\n## C\n| a | `no` |"

    assert tidy.engine_files_in(text) == ["work", "draft"]
