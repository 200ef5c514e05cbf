"""The page behind the link that mails and chats bring."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.web.served import Heard, Served, fresh, serving
from tocsin.clock import now
from tocsin.engine.configuration import Configuration
from tocsin.notify.invitation import PATH, VALID_FOR, Invitation, seal
from tocsin.notify.message import MessageKind

BASE_URL = "https://tocsin.example.com"
NARROW = ViewportSize(width=390, height=844)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A closed server that tells of its alerts by mail."""

    served: Served

    def fails(self, job: str) -> str:
        """Let a job fail; return the path of the link in the mail."""
        self.served.report({"job": job, "kind": "fail", "exit_code": 3})
        told = self.served.ear.heard(lambda message: message.job == job)[0]
        (link,) = [link for link in told.links if link.name == "acknowledge"]
        return link.url.removeprefix(BASE_URL)

    def looks(self, path: str) -> Heard:
        return self.served.ask("GET", path, headers={"authorization": "", "accept": "text/html"})

    def presses(self, path: str, **fields: str) -> Heard:
        headers = {"authorization": "", "accept": "text/html", "origin": self.served.url}
        form = {**headers, "content-type": "application/x-www-form-urlencoded"}
        return self.served.ask("POST", path, urlencode(fields).encode(), form)

    def alert(self, job: str) -> dict[str, object]:
        items = self.served.get("/api/v1/alerts?state=all&limit=1000")["items"]
        return next(dict(alert) for alert in items if alert["job"] == job)


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    with serving(tmp_path_factory.mktemp("post"), closed=True, change=_reachable) as served:
        _as_mail(served)
        yield Post(served=served)


def _reachable(configuration: Configuration) -> Configuration:
    return replace(configuration, base_url=BASE_URL)


def _as_mail(served: Served) -> None:
    served.ear.kind = "email"


def test_looking_changes_nothing_however_often(post: Post) -> None:
    job = fresh()
    path = post.fails(job)

    pages = [post.looks(path) for _ in range(3)]

    assert {page.status for page in pages} == {200}
    assert post.alert(job)["state"] == "firing"
    for words in (job, "failed", "critical", "Acknowledge", "Your name"):
        assert words in pages[0].text
    assert pages[0].headers["cache-control"] == "no-store"
    assert pages[0].headers["referrer-policy"] == "same-origin"


def test_whoever_has_the_link_takes_the_alert_in_hand_without_a_token(post: Post) -> None:
    job = fresh()
    path = post.fails(job)

    answer = post.presses(path, name="Ada")

    assert (answer.status, answer.headers["location"]) == (303, path)
    alert = post.alert(job)
    assert (alert["state"], alert["acknowledged_until"]) == ("acknowledged", None)
    assert alert["acknowledged_by"] == "Ada (by the link sent to console/console)"
    page = post.looks(path).text
    assert "Acknowledged by <bdi>Ada (by the link sent to console/console)</bdi>" in page
    assert '<form class="take"' not in page


def test_who_gives_no_name_is_known_by_where_the_link_was_sent(post: Post) -> None:
    job = fresh()

    post.presses(post.fails(job))

    assert post.alert(job)["acknowledged_by"] == "who got the link at console/console"


def test_it_may_be_for_a_time(post: Post) -> None:
    job = fresh()

    post.presses(post.fails(job), for_minutes="240")

    until = str(post.alert(job)["acknowledged_until"])
    assert (now() + timedelta(minutes=239)).isoformat() < until < (now() + timedelta(minutes=241)).isoformat()


def test_who_comes_second_is_told_who_has_it(post: Post) -> None:
    job = fresh()
    path = post.fails(job)
    post.presses(path, name="Ada")

    post.presses(path, name="Bob")

    assert "Ada" in post.looks(path).text
    assert str(post.alert(job)["acknowledged_by"]).startswith("Ada")


def test_what_is_over_needs_nobody(post: Post) -> None:
    job = fresh()
    path = post.fails(job)
    post.served.report({"job": job, "kind": "success"})

    page = post.looks(path).text
    answer = post.presses(path, name="Ada")

    assert "It is over since" in page
    assert "Nobody needs to do anything" in page
    assert answer.status == 303
    assert post.alert(job)["acknowledged_at"] is None


def test_a_link_opens_its_own_alert_and_nothing_else(post: Post) -> None:
    job = fresh()
    path, other = post.fails(job), post.alert(job)

    assert post.looks(f"/alerts/{other['id']}").status == 303
    assert post.presses(f"/alerts/{other['id']}/acknowledge").headers["location"].startswith("/login")
    assert post.presses(f"{path}/resolve").status == 404


def test_a_name_is_data(post: Post) -> None:
    job = fresh()
    path = post.fails(job)

    post.presses(path, name="<script>alert(1)</script>\u202e\x1b[2J" + "x" * 500)

    assert "<script>alert" not in post.looks(path).text
    assert len(str(post.alert(job)["acknowledged_by"])) < 200


def test_another_site_cannot_have_it_pressed(post: Post) -> None:
    job = fresh()
    path = post.fails(job)

    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = post.served.ask("POST", path, b"", {"authorization": "", **headers})
        assert answer.status == 403
    assert post.alert(job)["state"] == "firing"


@pytest.mark.parametrize("token", ["x", "a.b", "%00", "x" * 2_000, "..%2f..", "%ff.%ff"])
def test_what_is_no_link_is_said_so(post: Post, token: str) -> None:
    assert post.looks(f"{PATH}{token}").status in (400, 404, 422)
    assert post.presses(f"{PATH}{token}").status in (400, 404, 422)


def test_a_length_that_the_page_does_not_offer_is_refused(post: Post) -> None:
    job = fresh()

    assert post.presses(post.fails(job), for_minutes="99999999999").status == 422
    assert post.alert(job)["state"] == "firing"


def test_an_old_link_says_that_it_is_old(post: Post) -> None:
    job = fresh()
    post.fails(job)
    key = post.served.engine.inviting.key
    old = Invitation(
        alert_id=str(post.alert(job)["id"]), target="a/email", expires_at=now() - timedelta(seconds=1)
    )

    answer = post.looks(f"{PATH}{seal(old, key)}")

    assert answer.status == 410
    assert f"{VALID_FOR.days} days" in answer.text
    assert post.presses(f"{PATH}{seal(old, key)}").status == 410
    assert post.alert(job)["state"] == "firing"


def test_a_link_of_an_alert_that_is_gone_says_so(post: Post) -> None:
    key = post.served.engine.inviting.key
    gone = Invitation(alert_id="no-such-alert", target="a/email", expires_at=now() + timedelta(days=1))

    assert "not kept any more" in post.looks(f"{PATH}{seal(gone, key)}").text


def test_links_hold_over_a_restart_and_are_not_kept_with_the_messages(tmp_path: Path) -> None:
    with serving(tmp_path, closed=True, change=_reachable) as served:
        _as_mail(served)
        path = Post(served=served).fails("etl")
        alert_id = served.get("/api/v1/alerts")["items"][0]["id"]
        with served.store.reading() as reading:
            assert PATH not in reading.notifications(alert_id)[0].message
    with serving(tmp_path, closed=True, change=_reachable) as served:
        assert Post(served=served).looks(path).status == 200


@pytest.mark.parametrize(("kind", "base_url"), [("webhook", BASE_URL), ("console", BASE_URL), ("email", "")])
def test_programs_and_servers_without_an_address_bring_no_link(
    tmp_path: Path, kind: str, base_url: str
) -> None:
    with serving(tmp_path, change=lambda c: replace(c, base_url=base_url)) as served:
        served.ear.kind = kind
        served.report({"job": "etl", "kind": "fail"})
        served.ear.wait_for(1)

    assert served.ear.messages[0].kind is MessageKind.FIRING
    assert [link for link in served.ear.messages[0].links if link.name == "acknowledge"] == []


@pytest.mark.parametrize("width", [1280, NARROW["width"]])
def test_the_button_is_pressed_in_a_real_browser(page: Page, post: Post, width: int) -> None:
    job = fresh("nightly_warehouse_load")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(post.served.url + post.fails(job))

    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_label("Your name, for the others").fill("Ada")
    page.get_by_label("You have it in hand").select_option("for 4 hours")
    page.get_by_role("button", name="Acknowledge").click()

    expect(page.locator("#stands")).to_contain_text("Acknowledged by Ada")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    assert post.alert(job)["state"] == "acknowledged"
