import pytest

from tocsin.client.context import describe, shown


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (["etl", "--day", "2026-03-01"], "etl --day 2026-03-01"),
        (["sh", "-c", "echo 'hi'"], "sh -c 'echo '\"'\"'hi'\"'\"''"),
        (["x", ""], "x ''"),
        (["pg_dump", "--password=hunter2", "db"], "pg_dump '--password=***' db"),
        (["curl", "--api-key", "hunter2", "x"], "curl --api-key '***' x"),
        (["env", "AWS_SECRET_ACCESS_KEY=hunter2", "x"], "env 'AWS_SECRET_ACCESS_KEY=***' x"),
        (["psql", "postgres://ada:hunter2@db/x"], "psql 'postgres://ada:***@db/x'"),
        (["cp", "s3://bucket/a@b:c", "x"], "cp s3://bucket/a@b:c x"),
        (["sh", "-c", "TOKEN=hunter2 x"], "sh -c 'TOKEN=***'"),
        (["sh", "-c", "mysql --password hunter2 < x"], "sh -c 'mysql --password *** < x'"),
        (["x", "--token=two words"], "x '--token=***'"),
        (["sh", "-c", "echo token = 5"], "sh -c 'echo token = 5'"),
        (["git", "clone", "https://github.example/x"], "git clone https://github.example/x"),
    ],
)
def test_a_command_is_shown_without_its_secrets(command: list[str], line: str) -> None:
    assert shown(command) == line


@pytest.mark.parametrize("word", ["password" * 50_000, "a" * 400_000, "token-" * 60_000, "a://" * 100_000])
def test_no_argument_is_long_enough_to_keep_the_command_waiting(word: str) -> None:
    assert len(shown([word] * 100)) == 1000


def test_the_context_names_host_and_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada")

    found = describe(["etl"])

    assert found["user"] == "ada"
    assert found["host"]
