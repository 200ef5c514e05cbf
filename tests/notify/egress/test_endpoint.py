import pytest

from tocsin.notify.egress.endpoint import endpoint

SECRET = "B0SECRETSECRET"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.slack.com/services/" + SECRET,
        "ftp://example.com/" + SECRET,
        "file:///etc/" + SECRET,
        "https://",
        "https:///" + SECRET,
        f"https://example.com/{SECRET}\r\nHost: other",
        f"https://example.com/{SECRET} x",
        f"https://example.com:99999/{SECRET}",
        f"https://exa mple.com/{SECRET}",
        f"https://[::1/{SECRET}",
    ],
)
def test_what_is_no_web_address_is_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="must be a complete web address") as caught:
        endpoint(url)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://hooks.slack.com/services/{SECRET}", "https://hooks.slack.com"),
        (f"http://10.0.0.7:8080/{SECRET}?token={SECRET}#{SECRET}", "http://10.0.0.7:8080"),
        (f"https://user:{SECRET}@example.com/", "https://example.com"),
        (f"http://[::1]:8080/{SECRET}", "http://[::1]:8080"),
        (f"HTTPS://Example.COM/{SECRET}", "https://example.com"),
    ],
)
def test_an_address_is_shown_as_scheme_and_host(url: str, shown: str) -> None:
    where = endpoint(url)

    assert str(where) == repr(where) == shown


def test_a_user_and_a_password_in_the_address_become_a_header() -> None:
    assert endpoint("https://user:p%40ss@example.com/").authorization == "Basic dXNlcjpwQHNz"


def test_what_a_receiver_repeats_of_the_address_is_struck_out() -> None:
    where = endpoint(f"https://user:{SECRET}@example.com/services/{SECRET}%2Fx?token=q{SECRET}&n=1")
    said = f"Cannot POST /services/{SECRET}%2Fx?token=q{SECRET}&n=1 nor {SECRET}/x, token q{SECRET}"

    assert SECRET not in where.hide(said)
    assert where.hide("invalid_payload") == "invalid_payload"


def test_a_file_of_authorities_must_hold_one(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = tmp_path_factory.mktemp("ca") / "ca.pem"
    empty.touch()

    for path in (str(empty), str(empty.with_name("absent.pem"))):
        with pytest.raises(OSError):  # noqa: PT011 - OSError is the promise, its text is that of the library
            endpoint("https://example.com/", ca_file=path)
