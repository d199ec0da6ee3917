"""Mainland China and Hong Kong through AkShare, and through the pages behind it where the library loses something.

AkShare has no server: each of its functions calls a public page, mostly of Eastmoney, without key, contract or
published limit. Which call goes where:

================================ ======================================================================
daily bars, A shares             library, ``stock_zh_a_hist`` with ``adjust=""``
daily bars, Hong Kong            library, ``stock_hk_hist``
delisted companies               library, ``stock_info_sh_delist`` and ``stock_info_sz_delist``
whole statements, on request     library, the three ``stock_*_by_report_em``
daily bars, Shanghai B shares    our client: the library takes the market from the first digit, wrong for 900xxx
list of shares                   our client: the library drops the market and the day of listing
dividends and bonus shares       our client: the library names 30 columns by their position
results and statement reports    our client: the library shows the day of the last change as the day of
                                 announcement (trap of ``stock_yjbb_em``), and takes one period a call
================================ ======================================================================

Both ways share one limiter, one set of time limits and one judgement of block pages and closed connections.
"""

from __future__ import annotations

from workbench.adapters.akshare.adapter import AkShare

__all__ = ["AkShare"]
