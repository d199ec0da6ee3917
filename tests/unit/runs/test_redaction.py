"""No form of a secret is left in what a run shows."""

from __future__ import annotations

import base64
import html
import json
from itertools import pairwise
from urllib.parse import quote, quote_plus

from hypothesis import given
from hypothesis import strategies as st

from workbench.runs.redaction import Redactor

VALUE = 's3cr+et/va"lue&x'
values = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), min_size=8, max_size=40)


@given(value=values, before=st.text(max_size=5), after=st.text(max_size=5))
def test_every_form_is_found_wherever_it_stands(value: str, before: str, after: str) -> None:
    redactor = Redactor({"KEY": value})
    for form in (
        value,
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        quote(value),
        quote_plus(value),
        html.escape(value),
        html.escape(value, quote=False),
        html.escape(repr(value.encode())[2:-1]),
    ):
        assert form not in redactor.text(f"{before}{form}{after}") or form in "[secret KEY]"


@given(value=st.binary(min_size=12, max_size=40), before=st.binary(max_size=4), after=st.binary(max_size=4))
def test_base64_is_found_at_every_alignment(value: bytes, before: bytes, after: bytes) -> None:
    text = base64.b64encode(value).decode()  # any text is a possible secret
    encoded = base64.b64encode(before + text.encode() + after).decode()
    cleaned = Redactor({"KEY": text}).text(encoded)
    assert "[secret KEY]" in cleaned
    assert text[4:-4] not in cleaned


def test_nested_values_keys_and_bytes_are_cleaned() -> None:
    redactor = Redactor({"KEY": VALUE})
    cleaned = redactor.clean({VALUE: [VALUE, (VALUE, 1.5)], "raw": VALUE.encode()})
    assert cleaned == {"[secret KEY]": ["[secret KEY]", ("[secret KEY]", 1.5)], "raw": b"*" * len(VALUE)}


def test_a_secret_inside_a_longer_one_leaves_nothing_behind() -> None:
    redactor = Redactor({"SHORT": "abcdef", "LONG": "abcdefghij"})
    assert redactor.text("abcdefghij abcdef") == "[secret LONG] [secret SHORT]"


def test_short_values_are_left_alone_and_added_ones_are_found() -> None:
    redactor = Redactor({"FLAG": "true"})
    assert redactor.text("true") == "true"
    redactor.add("KEY", VALUE)
    assert redactor.text(VALUE) == "[secret KEY]"
    assert redactor.holds_secret(f"x{VALUE}")
    assert not redactor.holds_secret("x")


@given(value=values, cuts=st.lists(st.integers(0, 60), max_size=4), before=st.text(max_size=5))
def test_what_arrives_in_pieces_is_found_as_in_one_piece(value: str, cuts: list[int], before: str) -> None:
    redactor = Redactor({"KEY": value, "OTHER": "abcabc"})
    text = f"{before}{value} abcabc {value}"
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    shown, waiting = "", ""
    for start, end in pairwise(edges):
        waiting += text[start:end]
        complete = redactor.complete(waiting)
        shown, waiting = shown + redactor.text(waiting[:complete]), waiting[complete:]
    assert shown + redactor.text(waiting) == redactor.text(text)


def test_only_a_possible_beginning_waits() -> None:
    redactor = Redactor({"KEY": VALUE})
    assert redactor.complete("all of this") == len("all of thi")  # the value begins with an s
    assert redactor.complete("nothing here.") == len("nothing here.")
    assert Redactor({}).complete("s3cr") == 4


def test_bytes_as_python_writes_them_are_found() -> None:
    value = "pässwörd-é"
    assert Redactor({"KEY": value}).text(f"{value.encode()} {value!a}") == "b'[secret KEY]' '[secret KEY]'"
