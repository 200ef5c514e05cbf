import pytest

from tests.config.conftest import SECRET, Load


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("slack: {url: 'https://chat.example.com/x'}", "receivers[0].slack.url", "secret stands in the file"),
        (
            f"webhook: {{url: 'https://x.example', secret: {SECRET}}}",
            "receivers[0].webhook.secret",
            "secret stands",
        ),
        (
            "email: {host: h, from: a@b.example, to: a@b.example, username: u, password: p}",
            "receivers[0].email.password",
            "secret stands",
        ),
        (
            "email: {host: h, tls: none, from: a@b.example, to: c@b.example, username: u, password: env:X}",
            "receivers[0].email.tls",
            "unprotected",
        ),
    ],
)
def test_what_is_unwise_is_told_and_works_all_the_same(load: Load, text: str, path: str, words: str) -> None:
    (warning,) = load(f"receivers: [{{name: a, {text}}}]").warnings
    assert (warning.path, warning.line) == (path, 1)
    assert words in warning.message


def test_what_is_wise_gives_no_warning(load: Load) -> None:
    assert (
        load(
            """\
            receivers:
              - {name: a, webhook: {url: "https://x.example/y", secret: "env:HOOK_SECRET"}, fallback: b}
              - {name: b, email: {host: h, from: a@b.example, to: [a@b.example]}}
            route: {receiver: a}
            server: {database: "postgresql://db/tocsin"}
            """
        ).warnings
        == ()
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "receivers: [{name: a, console: {}}, {name: b, console: {}}]\nroute: {receiver: a}",
            "no route tells 'b'",
        ),
        ("server: {database: 'postgresql://u:pw@db/tocsin'}", "secret stands in the file"),
        ("keys: {ingest: 'env:HOOK_SECRET'}", "nobody can log in"),
        ("keys: {users: {ada: 'a-token-long-enough'}}", "secret stands in the file"),
    ],
)
def test_what_else_is_unwise(load: Load, text: str, words: str) -> None:
    (warning,) = load(text).warnings
    assert words in warning.message
