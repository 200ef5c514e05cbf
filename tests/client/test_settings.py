import pytest

from tocsin.client.settings import read_settings


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({"TOCSIN_SPOOL": "/var/spool/tocsin", "HOME": "/h"}, "/var/spool/tocsin"),
        ({"XDG_STATE_HOME": "/s"}, "/s/tocsin/spool"),
    ],
)
def test_the_spool_is_where_it_is_wanted(environ: dict[str, str], place: str) -> None:
    assert read_settings(environ).spool_places[0] == place


def test_a_user_without_a_home_gets_no_directory_called_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.path.expanduser", lambda path: path)

    wanted, last = read_settings({"TMPDIR": "/t"}).spool_places

    assert wanted == ""
    assert last.startswith("/t/tocsin-")


def test_an_argument_wins_over_its_variable_and_a_variable_over_the_default() -> None:
    environ = {"TOCSIN_URL": "http://a/", "TOCSIN_KEY": " k\n", "TOCSIN_ENVIRONMENT": "staging"}

    given = read_settings(environ, url="http://b", key="x", environment="test", spool="/s")
    found = read_settings(environ)
    usual = read_settings({})

    assert (given.url, given.key, given.environment, given.spool_places[0]) == ("http://b", "x", "test", "/s")
    assert (found.url, found.key, found.environment) == ("http://a", "k", "staging")
    assert (usual.url, usual.key, usual.environment) == ("http://127.0.0.1:8465", "", "production")


@pytest.mark.parametrize("word", ["off", "OFF", " off "])
def test_off_means_that_nothing_is_reported(word: str) -> None:
    assert read_settings({"TOCSIN_URL": word}).url == ""
