"""Finds the line of a statement that reports an item: by its standard id, else by its name.

A line with a company's own id is matched by name, and only within the statement that the item belongs to.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

from workbench.adapters.dart.companies import COMMON, PREFERRED
from workbench.adapters.statements import Item, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Line = Mapping[str, Any]

#: Statements in which the items of each kind are looked for, in this order: a company with one statement of
#: income has no IS, only CIS.
WHERE = {"balance": ("BS",), "income": ("IS", "CIS"), "cash": ("CF",), "share": ("IS", "CIS")}
_STANDARD = ("ifrs-full_", "ifrs_", "dart_")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|<[^<>]*>")
_NUMBERING = re.compile(r"^(?:[IVX]+|\d+|[가나다라마바사아자차카타파하])[.)]")
_INTERIM = re.compile(r"(?:분기|반기)(?=순이익|순손익|순손실)")
_PER_SHARE = "주당"
_CLASSES = {"보통주": COMMON, "우선주": PREFERRED}


class Lines:
    """The lines of one statement answer, ready to be searched.

    Parameters
    ----------
    rows : sequence of mapping
        As the service gives them; rows of members (``account_detail``) are left out, but for share classes.
    """

    def __init__(self, rows: Sequence[Line]) -> None:
        self._by_id: dict[tuple[str, str], list[Line]] = {}
        self._by_name: dict[tuple[str, str], list[Line]] = {}
        for row in rows:
            where, tag = str(row.get("sj_div")), standard_id(row.get("account_id"))
            if not _plain(row) and class_of(row) is None:
                continue
            if tag:
                self._by_id.setdefault((where, tag), []).append(row)
            else:
                self._by_name.setdefault((where, normal_name(row.get("account_nm"))), []).append(row)
        present = {str(row.get("sj_div")) for row in rows}
        # Where there are two statements of income, the second shares out comprehensive income by the same names.
        self._named_in = {
            kind: tuple(where for where in places if where in present)[:1] for kind, places in WHERE.items()
        }

    def find(self, item: Item, share_class: str = COMMON) -> Iterator[Line]:
        """Lines that report an item, the best first.

        Parameters
        ----------
        item : Item
            Of the table of items; its best id goes before its names, these before its further ids.
        share_class : str
            Figures per share that name the other class are left out, those that name this one go first.
        """
        for kind, tag in _tags(item.name):
            index = self._by_id if kind == "id" else self._by_name
            for where in WHERE[item.statement] if kind == "id" else self._named_in[item.statement]:
                lines = index.get((where, tag), [])
                if item.statement == "share":
                    yield from (line for line in lines if class_of(line) == share_class)
                    yield from (line for line in lines if class_of(line) is None and _plain(line))
                else:
                    yield from (line for line in lines if _plain(line))


def standard_id(account_id: object) -> str:
    """The id of the standard taxonomies, in their newer spelling; empty for a company's own."""
    tag = str(account_id or "").strip()
    if not tag.startswith(_STANDARD):
        return ""
    return f"ifrs-full_{tag.removeprefix('ifrs_')}" if tag.startswith("ifrs_") else tag


def normal_name(account_nm: object) -> str:
    """A line's name without spaces, brackets, numbering and, of a figure per share, its class.

    The profit of a quarter or half year gets the name of a year's.

    Examples
    --------
    >>> normal_name("Ⅰ. 영업이익 (손실)"), normal_name("분기순이익(손실)")
    ('영업이익', '당기순이익')
    """
    text = unicodedata.normalize("NFKC", str(account_nm or ""))
    shorter = _BRACKETS.sub("", text)
    while shorter != text:
        text, shorter = shorter, _BRACKETS.sub("", shorter)
    text = _NUMBERING.sub("", re.sub(r"\s+", "", text)).removeprefix("연결")
    if _PER_SHARE in text:
        for word in _CLASSES:
            text = text.replace(word, "")
    return _INTERIM.sub("당기", text)


def class_of(line: Line) -> str | None:
    """The share class that a line names, in its name or its member; None where it names none, or both."""
    text = f"{line.get('account_nm') or ''}|{line.get('account_detail') or ''}"
    named = {share_class for word, share_class in _CLASSES.items() if word in text}
    return named.pop() if len(named) == 1 else None


def _plain(line: Line) -> bool:
    return str(line.get("account_detail") or "-").strip() in ("", "-")


@cache
def _tags(item: str) -> tuple[tuple[str, str], ...]:
    tags = table()[item].tags
    ids = [("id", standard_id(tag)) for tag in tags["dart_id"]]
    names = [("name", name) for name in dict.fromkeys(map(normal_name, tags["dart_name"]))]
    return (*ids[:1], *names, *ids[1:])
