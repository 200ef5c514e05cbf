"""How far an escalation has come, in one line."""

from tocsin.cli.api import Json
from tocsin.cli.output import items_of, moment


def climb_line(alert: Json) -> str | None:
    """Return what to say of the escalation of an alert or a group; None where it has none."""
    if alert.get("escalated_with"):
        return f"with the others of its group; see: tocsin groups {alert.get('escalated_with')}"
    climb = alert.get("escalation")
    if not isinstance(climb, dict):
        return None
    levels = items_of({"items": climb.get("levels")})
    number = climb.get("level")
    here = next((level for level in levels if level.get("level") == number), None)
    told = f"level {number} of {len(levels)}, {here.get('name')}" if here else "nobody told yet"
    said = [f"{climb.get('policy')}: {told}, since {moment(climb.get('entered_at'))}"]
    if climb.get("status") not in ("pending", "escalated"):
        who = f" by {climb.get('who')}" if climb.get("who") else ""
        said.append(f"{climb.get('status')}{who} since {moment(climb.get('changed_at'))}")
    elif climb.get("next_at"):
        said.append(f"goes on at {moment(climb.get('next_at'))}")
    passed = (level for level in levels if level.get("passed_over"))
    said += [f"{level.get('name')} passed over: {level.get('passed_over')}" for level in passed]
    return "; ".join(said)
