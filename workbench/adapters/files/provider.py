"""The user's files as a provider: the same contract as a vendor's, for ``collect`` and its chain."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, ClassVar

import polars as pl

from workbench import markets
from workbench.adapters.base import Absent, Adapter, Fetched, Request
from workbench.adapters.files.loading import load_spec
from workbench.adapters.files.mapping import NO_DATE, as_ohlcv, editions
from workbench.adapters.files.reading import SourceFiles
from workbench.errors import ConfigError
from workbench.schemas import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from workbench.adapters.files.spec import FileSpec


class Files(Adapter):
    """Bars of the files of one specification.

    ``wb import`` is the better way for a whole file, because it accounts for every row; as a provider the
    files can fill what another one does not cover.

    Parameters
    ----------
    spec : FileSpec, str, Path or dict
        A mapping of prices (``table: ohlcv``).
    root : str or Path
        Folder of the files.

    Raises
    ------
    ConfigError
        If one of the two is missing, or the specification is not one of prices.
    """

    name: ClassVar[str] = "files"
    batch_size: ClassVar[int] = 500

    def __init__(
        self, spec: FileSpec | str | Path | dict[str, Any] | None = None, root: str | Path | None = None
    ) -> None:
        if spec is None or root is None:
            raise ConfigError(
                "The provider 'files' needs a specification and the folder of its files.",
                hint="Use `wb import SPEC.yaml --root FOLDER`, or adapters.get('files', spec=..., root=...).",
            )
        self.spec = load_spec(spec)
        if self.spec.table != "ohlcv":
            raise ConfigError("The provider 'files' gives prices only.", hint="Import other tables with `wb import`.")
        self._files = SourceFiles(self.spec, root)
        self._days = self._files.spans.filter(pl.col("year") != NO_DATE.year)

    @property
    def offers(self) -> Mapping[str, frozenset[str]]:
        """Listings made from the files, and bars, for the specification's region."""
        region = frozenset({str(self.spec.region)})
        return {"tickers": region, "ohlcv": region}

    def first_date(self, region: str) -> date | None:  # noqa: ARG002
        """The files' first day."""
        first = self._days["first"].min()
        return first if isinstance(first, date) else None

    def last_date(self, region: str) -> date:  # noqa: ARG002
        """The files' last day."""
        last = self._days["last"].max()
        if not isinstance(last, date):
            raise ConfigError(f"{self.spec.file!r} has no row with a readable date.", hint="Correct the mapping.")
        return last

    def fetch(self, table: str, request: Request) -> Fetched:
        """Rows of the files; what they do not have is ``not_covered``."""
        if request.region not in self.offers.get(table, frozenset()):
            raise ConfigError(
                f"The files have no {table!r} of {request.region}.", hint=f"They have {', '.join(self.offers)}."
            )
        if table == "tickers":
            return Fetched(self._files.listings().select(list(TABLES["tickers"].columns)))
        start = request.start or self.first_date(request.region) or NO_DATE
        end = min(request.end or date.max, self.last_date(request.region))
        wanted = list(request.tickers or self._days["ticker"].unique().sort())
        rows = self._files.rows_between(start, end).filter(pl.col("ticker").is_in(wanted))
        kept, _ = editions(rows, self.spec)
        bars = as_ohlcv(kept, self.spec, datetime.now(UTC)).drop("row")
        last = request.end or end
        absent = (one for code in wanted for one in self._absent(code, bars, start, last))
        return Fetched(bars, tuple(absent))

    def _absent(self, ticker: str, bars: pl.DataFrame, start: date, end: date) -> Iterator[Absent]:
        """Stretches of sessions between the days that the files have."""
        have = set(bars.filter(pl.col("ticker") == ticker)["date"])
        run: list[date] = []
        for day in markets.sessions(str(self.spec.region), start, end) if start <= end else ():
            if day in have and run:
                yield self._gap(ticker, run)
                run = []
            elif day not in have:
                run.append(day)
        if run:
            yield self._gap(ticker, run)

    def _gap(self, ticker: str, run: list[date]) -> Absent:
        return Absent(ticker, run[0], run[-1], "not_covered", "the file has no row")
