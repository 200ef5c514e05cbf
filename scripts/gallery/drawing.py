"""Draws what was sent as its reader sees it: those parts of each vendor's language that we use."""

import json
import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

_SLACK_CODE: Final = re.compile(r"```\n?(.*?)```", re.DOTALL)
_SLACK_LINK: Final = re.compile(r"&lt;(https?://[^|]*?)\|(.*?)&gt;")
_SLACK_BOLD: Final = re.compile(r"\*([^*\n]+)\*")
_SGR: Final = re.compile("\x1b\\[([0-9;]*)m")
_TEAMS: Final = {
    "accent": ("#e5e5f7", "#3d3e78"),
    "warning": ("#fbf6d9", "#835c00"),
    "attention": ("#fcf4f6", "#c4314b"),
    "good": ("#e7f2da", "#237b4b"),
    "emphasis": ("#f0f0f0", "#242424"),
}
_PAGERDUTY: Final = {"critical": "#b3003c", "error": "#b3003c", "warning": "#a56b00", "info": "#0065b3"}


def draw(channel: str, raw: str) -> str:
    """Return what was sent as HTML; for a channel of DRAWN."""
    return DRAWN[channel](raw)


def _slack(raw: str) -> str:
    posted = json.loads(raw)
    drawn = _slack_post(posted)
    for reply in posted.get("thread", []):
        drawn += f'<div class="thread">{_slack_post(reply)}</div>'
    return f'<div class="slack">{drawn}</div>'


def _slack_post(post: dict[str, Any]) -> str:
    bars = "".join(_slack_attachment(one) for one in post["attachments"])
    return f'<p class="app"><b>Tocsin</b> <i>APP</i></p><p>{_mrkdwn(post["text"])}</p>{bars}'


def _slack_attachment(one: dict[str, Any]) -> str:
    inner = "".join(_slack_block(block) for block in one.get("blocks", []))
    if "blocks" not in one:
        fields = [(field["title"], field["value"], field["short"]) for field in one["fields"]]
        cells = "".join(
            f'<div class="{"half" if is_short else "whole"}"><b>{_mrkdwn(name)}</b><br>{_mrkdwn(value)}</div>'
            for name, value, is_short in fields
        )
        inner = f'<div>{_mrkdwn(one["text"])}</div><div class="fields">{cells}</div>'
        inner += f'<p class="faint">{one["footer"]}</p>'
    return f'<div class="bar" style="border-color:{one["color"]}">{inner}</div>'


def _slack_block(block: dict[str, Any]) -> str:
    if block["type"] == "actions":
        buttons = (
            f'<span class="button {button.get("style", "")}">{escape(button["text"]["text"])}</span>'
            for button in block["elements"]
        )
        return f"<p>{''.join(buttons)}</p>"
    if block["type"] == "context":
        return f'<p class="faint">{"".join(_mrkdwn(element["text"]) for element in block["elements"])}</p>'
    text = f"<div>{_mrkdwn(block['text']['text'])}</div>" if "text" in block else ""
    cells = "".join(f'<div class="half">{_mrkdwn(field["text"])}</div>' for field in block.get("fields", []))
    return f'{text}<div class="fields">{cells}</div>' if cells else text


def _mrkdwn(text: str) -> str:
    """Return text in Slack's language as HTML."""
    pieces = _SLACK_CODE.split(text)
    for place, piece in enumerate(pieces):
        plain = escape(
            piece.replace("&lt;", "\x01").replace("&gt;", "\x02").replace("&amp;", "\x03"), quote=False
        )
        if place % 2 == 0:
            plain = _SLACK_LINK.sub(r'<a href="#">\2</a>', plain)
            plain = _SLACK_BOLD.sub(r"<b>\1</b>", plain).strip("\n").replace("\n", "<br>")
        for mark, entity in (("\x01", "&lt;"), ("\x02", "&gt;"), ("\x03", "&amp;")):
            plain = plain.replace(mark, entity)
        pieces[place] = f"<pre>{plain}</pre>" if place % 2 else plain
    return "".join(pieces)


def _teams(raw: str) -> str:
    [attachment] = json.loads(raw)["attachments"]
    card = attachment["content"]
    body = "".join(_teams_block(block) for block in card["body"])
    buttons = "".join(f'<span class="button">{escape(action["title"])}</span>' for action in card["actions"])
    return f'<div class="teams">{body}<p>{buttons}</p></div>'


def _teams_block(block: dict[str, Any], colour: str = "#242424") -> str:
    if block["type"] == "Container":
        ground, letters = _TEAMS[block["style"]]
        inner = "".join(_teams_block(item, letters) for item in block["items"])
        return f'<div class="banner" style="background:{ground}">{inner}</div>'
    runs = "".join(_teams_run(run) for run in block["inlines"])
    gap = {"None": 0, "Small": 3, "": 8}[block.get("spacing", "")]
    return f'<div style="margin-top:{gap}px; color:{colour}">{runs}</div>'


def _teams_run(run: dict[str, str]) -> str:
    style = "font-weight:600;" if run.get("weight") == "Bolder" else ""
    style += "font-size:17px;" if run.get("size") == "Large" else ""
    style += "font-family:monospace;font-size:12px;white-space:pre-wrap;" if run.get("fontType") else ""
    return f'<span style="{style}">{escape(run["text"])}</span>'


def _pagerduty(raw: str) -> str:
    event = json.loads(raw)
    key = f'<p class="faint">dedup key {escape(event["dedup_key"])}</p>'
    if event["event_action"] != "trigger":
        return f'<div class="duty"><p><b>Incident: {event["event_action"]}d</b></p>{key}</div>'
    payload = event["payload"]
    plain = "".join(
        _row(name, payload[name]) for name in ("source", "component", "group", "class", "timestamp")
    )
    rows = "".join(_row(name, value) for name, value in payload["custom_details"].items())
    links = " · ".join(f'<a href="#">{escape(link["text"])}</a>' for link in event.get("links", []))
    colour = _PAGERDUTY[payload["severity"]]
    return (
        f'<div class="duty"><p><b class="badge" style="background:{colour}">{payload["severity"]}</b> '
        f"<b>{escape(payload['summary'])}</b></p><table>{plain}</table>"
        f"<p><b>Custom details</b></p><table>{rows}</table><p>{links}</p>{key}</div>"
    )


def _row(name: str, value: str) -> str:
    return f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>"


def _console(raw: str) -> str:
    pieces = _SGR.split(raw)
    drawn = escape(pieces[0])
    for codes, text in zip(pieces[1::2], pieces[2::2], strict=True):
        names = " ".join(f"c{code}" for code in codes.split(";"))
        drawn += f'<span class="{names}">{escape(text)}</span>'
    return f'<pre class="console">{drawn}</pre>'


def _email(raw: str) -> str:
    return f'<iframe srcdoc="{escape(raw)}"></iframe>'


def _sms(raw: str) -> str:
    return f'<p class="bubble">{escape(raw)}</p>'


DRAWN: Final[Mapping[str, Callable[[str], str]]] = {
    "slack": _slack,
    "slack-bot": _slack,
    "pagerduty": _pagerduty,
    "email": _email,
    "teams": _teams,
    "sms": _sms,
    "console": _console,
}
