"""What a proof found, and what it vouches for."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


@dataclass(frozen=True)
class Finding:
    """Something that a result may not do.

    Attributes
    ----------
    target : str
        What was examined, and of what kind it is: a set and a strategy may have one name.
    kind : str
        ``moved`` (a value that stood moved with the future), ``insensitive`` (it does not depend on the lake),
        ``empty`` (there is nothing to prove), ``captured`` (data from outside of the lake), ``fill`` (traded
        before it was decided), ``failed`` (it cannot be built without the future).
    name : str
        Of the values.
    world : str
        How the lake was altered.
    date, ticker, input : str
        The first value that moved, and the input that moved it; empty where that is not the matter.
    before, after : float
        That value, NaN where there was none.
    count : int
        Values that moved.
    largest : float
        The largest difference.
    detail : str
        A sentence where the other fields say too little.
    """

    target: str
    kind: str
    name: str = ""
    world: str = ""
    date: str = ""
    ticker: str = ""
    input: str = ""
    before: float = math.nan
    after: float = math.nan
    count: int = 0
    largest: float = math.nan
    detail: str = ""

    def __str__(self) -> str:
        if self.kind != "moved":
            return f"{self.target}: {self.detail}"
        change = f"{_number(self.before)} became {_number(self.after)}"
        because = f" by {self.input}" if self.input else ""
        most = "" if math.isnan(self.largest) else f", by at most {_number(self.largest)}"
        return (
            f"{self.target}: {self.name} of {self.ticker} on {self.date} moved{because}: {change} when the future was "
            f"{self.world}; values that moved: {self.count:,}{most}."
        )


def _number(value: float) -> str:
    return "no value" if math.isnan(value) else f"{value:.10g}"


@dataclass(frozen=True)
class Certificate:
    """What was proven, on what, and when.

    Attributes
    ----------
    target, kind : str
        A factor, a factor set, a strategy or a function.
    causal : bool
        Nothing was found.
    examined : bool
        There were values to examine; without any, nothing is proven.
    code, parameters, workbench : str
        Hashes of the target's code, of its parameters, and of the packages that build it.
    regions : tuple of str
    snapshot : str
        Of the lake.
    start, end : str
        First and last date of the values.
    cuts : tuple of str
        Closes at which the future was altered.
    worlds : tuple of str
        How it was altered.
    tickers, left_out : int
        Codes that were looked at; and codes whose prices their provider has adjusted for later splits, about
        which nothing can be proven.
    values : int
        Values that were compared, over all worlds.
    without : tuple of str
        Names that have no value here, so that nothing is said of them.
    timing : str
        ``close`` (known at the close of the date) or ``held`` (held during it, decided before).
    tolerance : float
        0.0 compares bits.
    seed : int
    made_at : str
        ISO instant.
    version, prover : str
        Of the workbench and of the prover.
    findings : tuple of str
        In words; empty if causal.
    key : str
        Hash of what the certificate holds for: target, code, parameters, regions, timing and prover.
    """

    target: str
    kind: str
    causal: bool
    examined: bool
    code: str
    parameters: str
    workbench: str
    regions: tuple[str, ...]
    snapshot: str
    start: str
    end: str
    cuts: tuple[str, ...]
    worlds: tuple[str, ...]
    tickers: int
    left_out: int
    values: int
    without: tuple[str, ...]
    timing: str
    tolerance: float
    seed: int
    made_at: str
    version: str
    prover: str
    findings: tuple[str, ...]
    key: str

    @property
    def text(self) -> str:
        """One line for a header, the same each time for the same code."""
        where = " ".join(self.regions)
        if self.causal:
            return (
                f"Proven causal by the leak prover ({self.kind} {self.target} on {where}, certificate {self.key[:8]}): "
                "no value at or before a date moved when the future was cut off, scrambled or revised."
            )
        if not self.examined:
            return f"Unproven ({self.kind} {self.target} on {where}): {' '.join(self.findings)}"
        return (
            f"Not causal ({self.kind} {self.target} on {where}, certificate {self.key[:8]}): {' '.join(self.findings)}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Fields and the line of text, for pages and scripts."""
        return {**asdict(self), "text": self.text}

    def to_json(self) -> str:
        """The certificate as JSON text."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Certificate:
        """Read what ``to_json`` wrote."""
        content: dict[str, Any] = json.loads(text)
        content.pop("text", None)
        lists = {name: tuple(value) for name, value in content.items() if isinstance(value, list)}
        return cls(**{**content, **lists})

    def save(self, folder: Path) -> Path:
        """Write it below a folder under its key; two processes may do so at once.

        A leak that was found stays found: a look at other dates or fewer codes of the same data does not replace it.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.key}.json"
        if self.causal and path.is_file():
            kept = Certificate.from_json(path.read_text(encoding="utf-8"))
            if kept.examined and not kept.causal and kept.snapshot == self.snapshot:
                return path
        temporary = path.with_suffix(f".{hashlib.sha256(repr(id(self)).encode()).hexdigest()[:8]}")
        temporary.write_text(self.to_json(), encoding="utf-8")
        temporary.replace(path)
        return path


@dataclass(frozen=True)
class Proof:
    """What the leak prover says of a target.

    Attributes
    ----------
    causal : bool
        Nothing was found.
    findings : tuple of Finding
        What moved and why; the first of each name.
    certificates : tuple of Certificate
        One for each target: one, but for ``"all"``.
    seconds : float
        What it took.
    """

    causal: bool
    findings: tuple[Finding, ...]
    certificates: tuple[Certificate, ...] = field(repr=False)
    seconds: float = field(default=0.0, compare=False)

    def __repr__(self) -> str:
        said = "causal" if self.causal else f"{len(self.findings)} findings: " + " ".join(map(str, self.findings))
        return f"Proof({', '.join(one.target for one in self.certificates)}: {said})"

    @property
    def certificate(self) -> Certificate:
        """The certificate of the (first) target."""
        return self.certificates[0]

    def to_polars(self) -> pl.DataFrame:
        """Findings as a frame."""
        import polars as pl

        schema: dict[str, type[pl.DataType]] = dict.fromkeys(Finding.__dataclass_fields__, pl.String)
        schema |= {"before": pl.Float64, "after": pl.Float64, "count": pl.Int64, "largest": pl.Float64}
        return pl.DataFrame([asdict(one) for one in self.findings], schema=schema)
