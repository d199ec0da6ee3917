"""Answers of the list of shares and of the data centre: what is one, and what says that we ask too much."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from workbench.adapters.akshare.judging import judge, throttled

if TYPE_CHECKING:
    from workbench.adapters.net import Reply

#: What a report says that has no rows, and that is asked too much.
_EMPTY, _BUSY = ("为空", "无数据"), ("繁忙", "频繁", "稍后")


def _unwrapped(reply: Reply) -> dict[str, Any]:
    """The object of an answer, also of one that is wrapped in a callback."""
    text = reply.text().strip()
    inside = text[text.find("(") + 1 : text.rfind(")")] if not text.startswith(("{", "[")) and "(" in text else text
    try:
        body = json.loads(inside)
    except ValueError as error:
        raise reply.changed(f"no JSON: {reply.text()[:80]!r}", garbled=True) from error
    if not isinstance(body, dict):
        raise reply.changed("JSON that is no object")
    return body


def judge_list(reply: Reply) -> None:
    """Raise the error of an answer that is no page of the list of shares."""
    judge(reply)
    if reply.status == 200:
        list_of(reply)


def list_of(reply: Reply) -> dict[str, Any]:
    """The list in an answer: ``total``, and the rows of the page as ``diff``."""
    body = _unwrapped(reply)
    if "data" not in body:
        raise reply.changed("JSON without 'data'")
    data = body["data"]
    if data is None:
        raise throttled("answered no list of shares")
    rows = data.get("diff") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(rows, list) or not isinstance(data.get("total"), int):
        raise reply.changed("a list in another form (no 'total' and 'diff')")
    if not rows:
        raise throttled("answered an empty page of the list of shares")
    if any(not isinstance(row, dict) or not {"f12", "f13", "f14"} <= row.keys() for row in rows):
        raise reply.changed("a list without code (f12), market (f13) or name (f14)")
    return data


def judge_report(reply: Reply) -> None:
    """Raise the error of an answer that is no report; one that says that it has no rows is one."""
    judge(reply)
    if reply.status != 200:
        return
    body = reply.json()
    if not isinstance(body, dict) or "result" not in body:
        raise reply.changed("JSON without 'result'")
    if body["result"] is not None:
        return
    said = str(body.get("message") or "")
    if any(word in said for word in _BUSY):
        raise throttled(f"is busy ({said})")
    if not any(word in said for word in _EMPTY):
        raise reply.changed(f"no result and the message {said!r} (code {body.get('code')})")
