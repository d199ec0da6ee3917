"""What the pages behind AkShare say when they do not answer: block pages, closed connections, busy reports."""

from __future__ import annotations

from http.client import RemoteDisconnected
from typing import TYPE_CHECKING, Any

from workbench.errors import ProviderError, Throttled, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench.adapters.net import Reply

#: Where a page for a person is the right answer.
_PAGES = ("/NewFinanceAnalysis/Index",)
#: Statuses under which the hosts refuse an address that asks too much; there is no key that could be refused.
_REFUSALS = (403, 429, 456, 502, 503)


class UnknownCode(ProviderError):
    """The kline page answers ``data: null``."""

    code = "provider.akshare.unknown_code"


class NoBars(ProviderError):
    """The kline page knows the code and answers without a bar: none in the range, or throttling."""

    code = "provider.akshare.no_bars"


def throttled(what: str, **context: Any) -> Throttled:
    """The error of a refusal; ``what`` completes "akshare …"."""
    return Throttled(
        f"akshare {what}.",
        hint="Eastmoney limits an address without saying how: collect again later.",
        provider="akshare",
        **context,
    )


def closed_without_answer(error: BaseException | None) -> bool:
    """True where the host took the request and closed: Eastmoney's usual form of throttling."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        if isinstance(error, RemoteDisconnected) or any(isinstance(part, RemoteDisconnected) for part in error.args):
            return True
        inner = next((part for part in error.args if isinstance(part, BaseException)), None)
        error = inner or error.__cause__ or error.__context__
    return False


def judge(reply: Reply) -> None:
    """Raise the error of a refusal or a block page."""
    if reply.status in _REFUSALS:
        raise throttled(f"refuses {reply.url} (HTTP {reply.status})")
    if reply.status == 200 and reply.is_html and not reply.url.endswith(_PAGES):
        raise throttled(f"answered {reply.url} with a page for a person, as it does to an address it blocks")


def fail_by_status(reply: Reply) -> None:
    """Raise the error of a status that :func:`judge` let pass; the library looks at none."""
    if reply.status >= 500:
        raise Unreachable(
            f"akshare: {reply.url} has an error of its own (HTTP {reply.status}).",
            hint="Try later.",
            provider="akshare",
        )
    if reply.status >= 300:
        raise reply.changed("no data")


def kline_judge(secid: str, *, empty: Callable[[str], ProviderError]) -> Callable[[Reply], None]:
    """A judge of klines of one code.

    Parameters
    ----------
    secid : str
        Market digit and code that the answer must name: the same digits mean different things on two markets.
    empty : callable
        Makes the error of an answer without bars from what was seen.
    """
    market, _, code = secid.partition(".")

    def judged(reply: Reply) -> None:
        judge(reply)
        if reply.status != 200:
            return
        data = _data(reply)
        if data is None:
            raise UnknownCode(
                f"akshare knows no {secid}.", hint="Check the code; ask another provider.", provider="akshare"
            )
        if not isinstance(data, dict) or not isinstance(data.get("klines"), list):
            raise reply.changed("bars in another form (no list 'klines')")
        if not data["klines"]:
            raise empty(f"answered no bar of {secid}, as it does when it throttles")
        answered = f"{data.get('market', market)}.{data.get('code', code)}"
        if answered != secid:
            raise reply.changed(f"bars of {answered} where {secid} was asked")

    return judged


def no_bars(what: str) -> NoBars:
    """The error of an empty answer that is still to be examined."""
    return NoBars(f"akshare {what}.", hint="Ask for the whole history.", provider="akshare")


def emptied(what: str) -> Throttled:
    """The error of an empty answer where the whole history was asked."""
    return throttled(what, empty=True)


def _data(reply: Reply) -> Any:
    body = reply.json()
    if not isinstance(body, dict) or "data" not in body:
        raise reply.changed("JSON without 'data'")
    return body["data"]
