"""The two services of KIS, real and paper: hosts, rates, and what paper does not offer."""

from __future__ import annotations

import os
from dataclasses import dataclass

from workbench import secrets, settings
from workbench.adapters.net import Rate
from workbench.errors import ConfigError

#: Host of the master files: public, one for both services.
MASTER_URL = "https://new.real.download.dws.co.kr/common/master"


@dataclass(frozen=True)
class Service:
    """One service.

    Attributes
    ----------
    name : str
        ``real`` or ``paper``.
    url : str
        Scheme, host and port.
    rates : tuple of Rate
        Of one key. The broker's notice of 2026-04-20 allows 18 calls in a second (paper: 1); 15 held in
        measurements. The minute is that rate kept up.
    """

    name: str
    url: str
    rates: tuple[Rate, ...]

    @property
    def is_paper(self) -> bool:
        """Offers daily prices and Korean quotes only: no holidays, no overseas detail."""
        return self.name == "paper"


REAL = Service("real", "https://openapi.koreainvestment.com:9443", (Rate(15, 1.0), Rate(15 * 60, 60.0, spread=False)))
PAPER = Service("paper", "https://openapivts.koreainvestment.com:29443", (Rate(1, 1.0), Rate(60, 60.0, spread=False)))


def chosen(paper: bool | None = None) -> Service:
    """The service to use: as asked, else paper where ``KIS_PAPER`` is 1 in the environment or in ``.env``.

    Raises
    ------
    ConfigError
        If ``KIS_PAPER`` is neither on nor off: an order must never land on the other service by a typo.
    """
    if paper is None:
        paper = flag("KIS_PAPER", default=False)
    return PAPER if paper else REAL


def flag(name: str, *, default: bool) -> bool:
    """A switch of the environment or of the home folder's ``.env``."""
    stored = secrets.read_env_file(settings.load().home / ".env")
    text = os.environ.get(name, stored.get(name, "")).strip().lower()
    if text in ("", "0", "false", "no", "off", "1", "true", "yes", "on"):
        return text in ("1", "true", "yes", "on") if text else default
    raise ConfigError(f"{name}={text!r} is neither on nor off.", hint=f"Write {name}=1 or {name}=0.")
