"""How scores become one composite: fixed weights, or something fitted on the past only."""

from __future__ import annotations

import re
from datetime import date  # noqa: TC003 - pydantic reads it
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Method = Literal["equal", "inverse_volatility", "max_sharpe", "max_ir", "random_forest", "gradient_boosting", "xgboost"]
#: Methods that fit a model of trees, and those that fit one weight a factor.
LEARNED = ("random_forest", "gradient_boosting", "xgboost")
WEIGHTED = ("inverse_volatility", "max_sharpe", "max_ir")

_PERIOD = re.compile(r"([1-9]\d{0,2})([ym])")
#: Fewest sessions that a training span must keep after the purge, and the sessions of a short month.
_FEWEST_SESSIONS = 40
_SESSIONS_A_MONTH = 19


def months(period: str) -> int:
    """Months of a period of the calendar: ``3y`` is 36, ``6m`` is 6.

    Raises
    ------
    ValueError
        A text of another form.
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise ValueError(f"{period!r} is no period: write years or months, as 3y or 6m")
    return int(found[1]) * (12 if found[2] == "y" else 1)


class Combination(BaseModel):
    """How the composite is made of the scores of a set, as written in YAML under ``combination``.

    Attributes
    ----------
    method : str
        ``equal`` takes the weights that the set names. The others are fitted, each region by itself, on
        dates before those they score: ``inverse_volatility``, ``max_sharpe`` (of factor returns),
        ``max_ir`` (of information coefficients), ``random_forest``, ``gradient_boosting``, ``xgboost``.
    horizon : int
        Sessions of the return that is foretold, 1 to 252.
    train : str
        Length of a training span, ``3y`` or ``18m``; 3 months to 20 years.
    step : str
        How long a fit serves, ``1y`` or ``3m``; 1 month to 5 years. Spans begin on the first day of a
        month that this length divides, counted from 1970: a step of ``1y`` begins on each 1 January.
    anchored : bool
        Train on everything from ``since`` on, instead of on the last ``train``.
    since : date or None
        First day of training where ``anchored``; first of a month.
    embargo : int
        Sessions left out between the end of the last label and the scored span, 0 to 252.
    seed : int
        Of everything that is drawn.
    negative_weights : bool
        Whether ``max_sharpe`` and ``max_ir`` may turn a factor round.
    trees, depth, min_leaf : int
        Size of a learned model: number of trees, splits on a branch, fewest training rows in a leaf.
    learning_rate : float
        Of boosting.
    every : int or None
        A learned model takes each such session of its training span. None takes a quarter of the
        horizon: labels that share most of their days add time and little else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    method: Method = "equal"
    horizon: int = Field(default=21, ge=1, le=252)
    train: str = "3y"
    step: str = "1y"
    anchored: bool = False
    since: date | None = None
    embargo: int = Field(default=5, ge=0, le=252)
    seed: int = Field(default=0, ge=0, lt=2**31)
    negative_weights: bool = False
    trees: int = Field(default=100, ge=5, le=2000)
    depth: int = Field(default=4, ge=1, le=16)
    min_leaf: int = Field(default=50, ge=1, le=100_000)
    learning_rate: float = Field(default=0.05, gt=0.0, le=1.0)
    every: int | None = Field(default=None, ge=1, le=252)

    @field_validator("train")
    @classmethod
    def _train_is_long_enough(cls, value: str) -> str:
        if not 3 <= months(value) <= 240:
            raise ValueError("train must lie between 3m and 20y")
        return value

    @field_validator("step")
    @classmethod
    def _step_is_usable(cls, value: str) -> str:
        if not 1 <= months(value) <= 60:
            raise ValueError("step must lie between 1m and 5y")
        return value

    @model_validator(mode="after")
    def _fields_agree(self) -> Combination:
        if self.anchored is (self.since is None):
            raise ValueError(
                "anchored=true needs `since`, the first day of training (a day of the calendar, so that a longer "
                "history moves nothing), and `since` needs anchored=true"
            )
        if self.since is not None and self.since.day != 1:
            raise ValueError(f"since={self.since} must be the first day of a month")
        lost, there = self.horizon + 1 + self.embargo, _SESSIONS_A_MONTH * months(self.train)
        if there - lost < _FEWEST_SESSIONS:
            raise ValueError(
                f"train={self.train} has about {there} sessions, of which horizon={self.horizon} and "
                f"embargo={self.embargo} take the last {lost}; at least {_FEWEST_SESSIONS} must remain"
            )
        return self

    @property
    def fitted(self) -> bool:
        """True for the methods that learn from the past."""
        return self.method != "equal"

    @property
    def stride(self) -> int:
        """Sessions from one training date of a learned model to the next."""
        return self.every if self.every is not None else max(1, self.horizon // 4)
