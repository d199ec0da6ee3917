"""The error tree: what went wrong, with which object, and the one next action."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl


class WorkbenchError(Exception):
    """Base of every error the workbench raises on purpose.

    Parameters
    ----------
    message : str
        One sentence that names the object and the bound it broke.
    hint : str
        The one next action, as an imperative sentence.
    **context
        Values a caller may inspect; never a secret.
    """

    code = "workbench"

    def __init__(self, message: str, *, hint: str = "", **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.context = context

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class ConfigError(WorkbenchError):
    """A parameter, a YAML file or a setting is not usable."""

    code = "config"


class ProviderError(WorkbenchError):
    """A data provider did not give what it was asked for."""

    code = "provider"


class Throttled(ProviderError):
    """The provider asks for fewer calls; the same call may succeed later.

    ``context["retry_after"]`` holds the seconds to leave it alone, where they are known.
    """

    code = "provider.throttled"


class Unauthorised(ProviderError):
    """The provider refuses the credentials."""

    code = "provider.unauthorised"


class Unreachable(ProviderError):
    """The provider did not answer, or not in time."""

    code = "provider.unreachable"


class ShapeChanged(ProviderError):
    """The provider answered in a shape the adapter does not know."""

    code = "provider.shape_changed"


class DataError(WorkbenchError):
    """Data does not have the form that is required."""

    code = "data"


class SchemaViolation(DataError):
    """Rows that break a table's schema; ``rows`` holds the failing ones.

    Parameters
    ----------
    rows : polars.DataFrame or None
        The failing rows as received, with a column ``reason``; None where no row can be named
        (a column is missing).
    """

    code = "data.schema"

    def __init__(self, message: str, *, rows: pl.DataFrame | None = None, hint: str = "", **context: Any) -> None:
        super().__init__(message, hint=hint, **context)
        self.rows = rows


class RegionMismatch(SchemaViolation):
    """Rows of one region were offered for another."""

    code = "data.region"


class StaleData(DataError):
    """The data ends earlier than the question needs."""

    code = "data.stale"


class CalendarRange(DataError):
    """A date lies outside the sessions that a calendar knows."""

    code = "data.calendar"


class LakeError(WorkbenchError):
    """The lake cannot be read or written as asked."""

    code = "lake"


class CausalityError(WorkbenchError):
    """A number used something that was not known at its time."""

    code = "causality"


class ModelError(WorkbenchError):
    """A model has no answer for these inputs."""

    code = "model"


class NotEnoughHistory(ModelError):
    """Fewer observations than the model needs."""

    code = "model.history"


class Infeasible(ModelError):
    """No solution satisfies the constraints; the context names the conflict."""

    code = "model.infeasible"


class BacktestError(WorkbenchError):
    """A backtest cannot be run as described."""

    code = "backtest"


class RunError(WorkbenchError):
    """A notebook run failed; its folder holds the executed notebook."""

    code = "run"
