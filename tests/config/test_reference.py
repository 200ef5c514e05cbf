"""The pages about the file and the command line say what the code does."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from tests.config.conftest import SECRET, Load
from tocsin.cli import tocsin as front
from tocsin.cli.exits import Exit
from tocsin.cli.group import ENVIRONMENT
from tocsin.client.arguments import FLUSH_HELP, RUN_HELP
from tocsin.config.grammar.file import File
from tocsin.config.grammar.keys import every_key
from tocsin.config.grammar.rules import Rule
from tocsin.config.grammar.words import words_of
from tocsin.notify.variables import PLACEHOLDERS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
CONFIG_PAGE = (REFERENCE / "config.md").read_text(encoding="utf-8")
CLI_PAGE = (REFERENCE / "cli.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z_]+)`(?: \(required\))? \| [^|]+ \| (.+) \|$")


def documented_keys() -> Iterator[tuple[str, str]]:
    """Return every key that the page explains, as a path with what it means."""
    for section in CONFIG_PAGE.split("\n## ")[1:]:
        heading, _, body = section.partition("\n")
        places = [""] if heading == "The top level" else re.findall(r"`([^`]+)`", heading)
        for line in body.splitlines():
            row = ROW.match(line)
            if row:
                yield from ((f"{place}.{row[1]}".lstrip("."), row[2]) for place in places)


def test_the_page_explains_every_key_in_the_words_of_the_schema_and_no_other() -> None:
    assert sorted(documented_keys()) == sorted(every_key(File))


def test_the_examples_of_the_page_can_be_used(load: Load, tmp_path: Path) -> None:
    (tmp_path / "hook").write_text(SECRET)
    examples = re.findall(r"```yaml\n(.*?)```", CONFIG_PAGE, re.DOTALL)
    assert len(examples) == 2
    for example in examples:
        assert yaml.safe_load(example)
        assert load(example.replace("/run/secrets/", "")).configuration.jobs


def test_the_page_names_every_placeholder_and_limit() -> None:
    for placeholder in PLACEHOLDERS:
        assert f"`{{{placeholder}}}`" in CONFIG_PAGE
    assert "16 MiB" in CONFIG_PAGE
    assert words_of(Rule)["fingerprint"]


def commands(group: click.Group = front, path: str = "tocsin") -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")


COMMANDS = dict(commands())


@pytest.mark.parametrize("path", COMMANDS)
def test_the_page_explains_every_command_with_its_options(path: str) -> None:
    section = re.search(rf"\n### `{re.escape(path)}[^`]*`\n(.*?)(?=\n##|\Z)", CLI_PAGE, re.DOTALL)
    assert section, f"{path} is not explained"
    for option in COMMANDS[path].params:
        if isinstance(option, click.Option) and option.name not in ("server", "as_json", "help", "place"):
            assert all(name in section[0] for name in option.opts), f"{path} {option.opts}"


def test_the_page_explains_every_exit_code_and_variable() -> None:
    for code in Exit:
        assert f"| {code.value} | {code.meaning} |" in CLI_PAGE
    for name, meaning in ENVIRONMENT.items():
        assert f"| `{name}` | {meaning} |" in CLI_PAGE


def test_the_page_names_no_command_that_does_not_exist() -> None:
    named = re.findall(r"\n### `(tocsin [a-z-]+(?: [a-z][a-z-]*)*)", CLI_PAGE)
    assert sorted(set(named) - COMMANDS.keys()) == []


@pytest.mark.parametrize(("path", "help_text"), [("tocsin run", RUN_HELP), ("tocsin flush", FLUSH_HELP)])
def test_the_page_explains_every_option_of_the_commands_of_cron_jobs(path: str, help_text: str) -> None:
    section = CLI_PAGE.partition(f"\n### `{path}")[2].partition("\n### ")[0]
    options = set(re.findall(r"^ +(?:-[a-z], )?(--[a-z-]+)", help_text, re.MULTILINE)) - {"--help"}
    assert options
    assert sorted(option for option in options if f"`{option}" not in section) == []
