"""A storm is answered as one, by whatever way somebody answers."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.served import Heard, Served, serving, wait_until
from tests.web.test_groups import MEMBERS, fail, gathering, the_group
from tests.web.test_telephone import BASE, LINE, press, reply, said
from tocsin.engine.configuration import Configuration
from tocsin.notify.answering import code_of
from tocsin.notify.message import Message
from tocsin.web.settings import WebSettings

JOBS = MEMBERS + 1


def tracked(configuration: Configuration) -> Configuration:
    """Gather quickly, and have the receiver track who has what in hand."""
    return replace(gathering(configuration), hears_acknowledgements=frozenset({LINE.target}), base_url=BASE)


@pytest.fixture
def storm(tmp_path: Path) -> Iterator[Served]:
    """A server with a telephone that was told of a storm."""
    with serving(tmp_path, settings=WebSettings(base_url=BASE, lines=(LINE,)), change=tracked) as served:
        served.ear.kind = "email"
        fail(served, JOBS)
        the_group(served)
        yield served


def told(served: Served, kind: str, *, of_many: bool = True) -> Message:
    """Wait for a message of a kind."""
    return served.ear.heard(lambda one: one.kind.value == kind and one.tells_of_many is of_many)[-1]


def all_in_hand(served: Served) -> Any:  # noqa: ANN401  # JSON is anything
    def group() -> Any:  # noqa: ANN401  # JSON is anything
        return served.get("/api/v1/groups")["items"][0]

    wait_until(lambda: group()["taken"] == group()["open"])
    return group()


def test_a_reply_with_its_code_takes_all_of_it(storm: Served) -> None:
    code = code_of(told(storm, "firing").alert_id)

    answer = reply(storm, f"1 {code}")

    assert (
        answer
        == f"{MEMBERS} jobs failed: acknowledged {MEMBERS} alerts; none is repeated unless it gets worse"
    )
    assert all_in_hand(storm)["taken"] == MEMBERS
    assert reply(storm, f"1 {code}") == f"{MEMBERS} jobs failed: none of its alerts waits for somebody"


def test_a_plain_1_is_answered_with_the_codes_of_the_first_and_of_the_others(storm: Served) -> None:
    first, group = told(storm, "firing", of_many=False), told(storm, "firing")

    answer = reply(storm, "1")

    assert answer.startswith("2 alerts are open. Reply 1 and a code: ")
    assert f"{code_of(group.alert_id)} {MEMBERS} jobs failed" in answer
    assert f"{code_of(first.alert_id)} {first.job}" in answer
    assert the_group(storm)["taken"] == 0


def test_nobody_resolves_all_of_it_by_a_word(storm: Served) -> None:
    group = told(storm, "firing")

    assert "resolve each on its page" in reply(storm, f"resolve {code_of(group.alert_id)}")
    assert "resolve each on its page" in said(press(storm, "6", group.alert_id))
    assert the_group(storm)["open"] == MEMBERS


def test_a_key_takes_all_of_it_and_any_other_reads_it_again(storm: Served) -> None:
    group = told(storm, "firing")

    assert f"critical. {MEMBERS} jobs failed." in said(press(storm, "1", group.alert_id))
    assert said(press(storm, "4", group.alert_id)).startswith(f"acknowledged {MEMBERS} alerts")
    all_in_hand(storm)


def test_who_tracks_it_is_told_that_it_is_in_hand(storm: Served) -> None:
    group = told(storm, "firing")
    storm.ask("POST", f"/api/v1/groups/{group.alert_id}/acknowledge", {})

    taken = told(storm, "acknowledged")

    assert (taken.alert_id, taken.job) == (group.alert_id, f"{MEMBERS} jobs")
    assert taken.text.endswith(" has all of it in hand.")


def looks(served: Served, path: str) -> Heard:
    return served.ask("GET", path, headers={"accept": "text/html"})


def test_a_link_takes_all_of_it_by_its_button_alone(storm: Served) -> None:
    links = {link.name: link.url for link in told(storm, "firing").links}
    path = links["acknowledge"].removeprefix(BASE)

    page = looks(storm, path)
    assert (page.status, f"{MEMBERS} jobs failed" in page.text, "Acknowledge all" in page.text) == (
        200,
        True,
        True,
    )
    assert f"all {MEMBERS} report: disk full on db-…" in page.text
    assert the_group(storm)["taken"] == 0

    form = {"content-type": "application/x-www-form-urlencoded", "origin": storm.url, "accept": "text/html"}
    body = urlencode({"name": "<b>Ada</b>", "for_minutes": ""}).encode()
    assert storm.ask("POST", path, body, form).status == 303

    all_in_hand(storm)
    page = looks(storm, path)
    assert "&lt;b&gt;Ada&lt;/b&gt; (by the link sent to" in page.text
    assert "Acknowledge all" not in page.text


def test_the_link_of_a_storm_that_is_over_says_so(storm: Served) -> None:
    links = {link.name: link.url for link in told(storm, "firing").links}
    storm.report(*({"job": f"load {n:02}", "kind": "success"} for n in range(JOBS)))
    told(storm, "resolved")

    page = looks(storm, links["acknowledge"].removeprefix(BASE))

    assert "All of it is over since" in page.text


def test_groups_come_in_pages(tmp_path: Path) -> None:
    def apart(configuration: Configuration) -> Configuration:
        return replace(configuration, route=replace(configuration.route, group_by=("job",)))

    with serving(tmp_path, change=lambda c: apart(gathering(c))) as served:
        for job in "abcde":
            served.report({"job": job, "kind": "fail"})
        wait_until(lambda: len(served.get("/api/v1/groups")["items"]) == 5)

        found, path = [], "/api/v1/groups?limit=2"
        while path:
            page = served.get(path)
            found += [group["labels"]["job"] for group in page["items"]]
            path = f"/api/v1/groups?limit=2&cursor={page['next']}" if page["next"] else ""

    assert sorted(found) == list("abcde")
