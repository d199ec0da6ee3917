"""Who is listed when: the companies of a region, their codes, spells and ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from workbench.adapters.sample.codes import codes, name
from workbench.adapters.sample.profiles import SECTORS, profile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from workbench.adapters.sample.spec import SampleSpec
    from workbench.adapters.sample.timeline import Timeline

ACQUIRED, MERGED, BANKRUPT, AUDIT = "acquired", "merged", "bankruptcy", "audit_opinion"
#: Sessions between the announcement of an acquisition, or the start of a decline, and the last bar.
NOTICE = 40


@dataclass(frozen=True)
class Company:
    """One company during one spell of its code.

    Attributes
    ----------
    code, spell, issuer : str, int, str
        Exchange code, number of the spell of that code, and an identifier of the company.
    name, board, mic, sector, industry : str
    listed : datetime64[D]
        First day of listing, before the first session for those that were there already.
    first, last : int
        Session indices of the first bar and after the last bar.
    reason : str or None
        Why it was delisted; None while it is listed.
    successor : str or None
        Code of the company that took it over.
    fiscal_offset : int
        Months by which its quarters end after those of the calendar.
    """

    code: str
    spell: int
    issuer: str
    name: str
    board: str
    mic: str
    sector: str
    industry: str
    listed: Any
    first: int
    last: int
    reason: str | None = None
    successor: str | None = None
    fiscal_offset: int = 0

    @property
    def failed(self) -> bool:
        """True where shareholders got next to nothing."""
        return self.reason in (BANKRUPT, AUDIT)

    @property
    def bought(self) -> bool:
        """True where shareholders were paid out in cash by a buyer."""
        return self.reason in (ACQUIRED, MERGED)


@dataclass(frozen=True)
class Roles:
    """Positions of the companies whose listing is special; the rest are listed throughout."""

    bought: NDArray[np.int64]
    failed: NDArray[np.int64]
    reused: NDArray[np.int64]
    listed: NDArray[np.int64]
    steady: NDArray[np.int64]


def make_companies(spec: SampleSpec, region: str, line: Timeline) -> list[Company]:
    """The companies of ``region`` in order of code and spell."""
    generator = spec.generator(region, "companies")
    founders = _founders(spec, region, line, generator)
    roles = _roles(spec, len(founders), generator)
    steady = [founders[index].code for index in roles.steady]
    companies = dict(enumerate(founders))
    sessions = len(line.sessions)
    for index in roles.listed:
        first = int(generator.uniform(0.08, 0.75) * sessions)
        companies[index] = replace(companies[index], first=first, listed=line.sessions[first])
    for index in roles.bought:
        last = int(generator.uniform(0.3, 0.92) * sessions)
        reason = (ACQUIRED, MERGED)[int(generator.integers(2))]
        companies[index] = replace(companies[index], last=last, reason=reason, successor=_pick(steady, generator))
    for index in roles.failed:
        last = int(generator.uniform(0.3, 0.92) * sessions)
        companies[index] = replace(companies[index], last=last, reason=(BANKRUPT, AUDIT)[int(generator.integers(2))])
    newcomers: list[Company] = []
    for index in roles.reused:
        last, first = (int(generator.uniform(*bounds) * sessions) for bounds in ((0.25, 0.38), (0.5, 0.62)))
        newcomers.append(_newcomer(region, companies[index], len(founders) + len(newcomers), line, first))
        companies[index] = replace(companies[index], last=last, reason=MERGED, successor=_pick(steady, generator))
    return sorted([*companies.values(), *newcomers], key=lambda company: (company.code, company.spell))


def _founders(spec: SampleSpec, region: str, line: Timeline, generator: np.random.Generator) -> list[Company]:
    """Every code's first company, listed throughout."""
    habits, count = profile(region), spec.tickers(region)
    chosen = generator.choice(len(habits.boards), size=count, p=[board.weight for board in habits.boards])
    boards = [(habits.boards[index].name, habits.boards[index].mic) for index in chosen]
    sectors = list(SECTORS)
    founders = []
    for number, code in enumerate(codes(region, boards, generator)):
        sector = sectors[int(generator.integers(len(sectors)))]
        industry = SECTORS[sector][int(generator.integers(len(SECTORS[sector])))]
        listed = line.sessions[0] - np.timedelta64(int(generator.integers(400, 9000)), "D")
        founders.append(
            Company(
                code=code,
                spell=1,
                issuer=f"SAMPLE-{region}-{number + 1:05d}",
                name=name(region, number, industry),
                board=boards[number][0],
                mic=boards[number][1],
                sector=sector,
                industry=industry,
                listed=np.busday_offset(listed, 0, roll="forward"),
                first=0,
                last=len(line.sessions),
                fiscal_offset=int(generator.choice(3, p=[0.9, 0.06, 0.04])),
            )
        )
    return founders


def _newcomer(region: str, former: Company, number: int, line: Timeline, first: int) -> Company:
    """Another company that takes over a code that has become free."""
    sectors = list(SECTORS)
    sector = sectors[(sectors.index(former.sector) + 4) % len(sectors)]
    return replace(
        former,
        spell=2,
        issuer=f"SAMPLE-{region}-{number + 1:05d}",
        name=name(region, number, SECTORS[sector][0]),
        sector=sector,
        industry=SECTORS[sector][0],
        first=first,
        listed=line.sessions[first],
        fiscal_offset=0,
    )


def _roles(spec: SampleSpec, count: int, generator: np.random.Generator) -> Roles:
    """Deal the special roles; each is given at least once, a listing during the period twice."""
    years, rates = spec.length, spec.rates
    wanted = [
        max(minimum, round(rate * count * years))
        for rate, minimum in ((rates.acquired, 1), (rates.failed, 1), (rates.reused, 1), (rates.listed, 2))
    ]
    order = generator.permutation(count)
    bought, failed, reused, listed, steady = np.split(order, np.cumsum(wanted))
    return Roles(*(np.sort(part) for part in (bought, failed, reused, listed, steady)))


def _pick(items: list[str], generator: np.random.Generator) -> str:
    return items[int(generator.integers(len(items)))]
