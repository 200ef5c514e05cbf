"""What surrounds an alert: what mutes it, and whom it puts at risk, by the API and on its page."""

import json

from tests.web.served import Served, fresh


def test_what_mutes_an_alert_and_whom_it_puts_at_risk_is_told(served: Served) -> None:
    load, report = fresh(), fresh()
    path = f"/api/v1/jobs/production/{report}/definition"
    assert served.ask("PUT", path, {"upstream": [load], "deadline": "06:00"}).status == 200
    served.report({"job": load, "kind": "fail", "exit_code": 3})
    served.report({"job": report, "kind": "success", "records": {"ok": 0}})
    listed = {item["job"]: item for item in served.get("/api/v1/alerts?limit=1000")["items"]}
    items = {job: item["id"] for job, item in listed.items()}

    cause, muted = (served.get(f"/api/v1/alerts/{items[name]}") for name in (load, report))

    assert cause["inhibited"] is None
    assert (cause["at_risk"]["count"], cause["at_risk"]["is_whole"]) == (1, True)
    (dependent,) = cause["at_risk"]["jobs"]
    assert (dependent["job"], dependent["deadline_at"] is None) == (report, False)
    assert (muted["inhibited"]["alert_id"], muted["inhibited"]["job"]) == (items[load], load)
    assert (muted["inhibited"]["until_at"], muted["notifications"]) == (None, [])
    assert (listed[load]["inhibited"], listed[report]["inhibited"]) == (None, muted["inhibited"])
    assert "inhibited" in {entry["reason"] for entry in muted["history"]}
    assert cause["likely_cause"] is None
    found = muted["likely_cause"]
    assert (found["job"], found["trouble"], found["alert_id"]) == (load, "alert", items[load])
    assert found["text"].startswith(f"upstream {load} failed; since ")

    for path in (f"/alerts/{items[report]}", "/"):
        page = served.ask("GET", path).text
        assert f'Not told while <a href="/alerts/{items[load]}">' in page
    assert (
        f'Likely cause: <a href="/alerts/{items[load]}"><bdi>upstream {load} failed'
        in served.ask("GET", f"/alerts/{items[report]}").text
    )
    assert "1 job needs it" in served.ask("GET", f"/alerts/{items[load]}").text

    served.report({"job": load, "kind": "success"})
    served.ask("POST", f"/api/v1/alerts/{items[report]}/resolve")
    assert json.dumps(served.get(f"/api/v1/alerts/{items[report]}")["inhibited"]) == "null"
