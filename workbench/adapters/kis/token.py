"""The access token: one per service and key, kept on disk, shared by all processes, issued as rarely as can be.

Each issue sends the customer a message on the phone and is allowed once a minute; within six hours the same
token comes back. So whoever needs one looks into the file under a lock first.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import math
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from workbench import journal, secrets, settings
from workbench.errors import ShapeChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

#: A token is renewed so long before it expires.
EARLY = timedelta(minutes=10)
#: Seconds between two requests for a token of one key.
PAUSE = 60.0
_KOREA = ZoneInfo("Asia/Seoul")


@dataclass(frozen=True)
class Token:
    """A token in hand.

    Attributes
    ----------
    value : str
        What follows ``Bearer``.
    expires : datetime
        UTC.
    issue : int
        Counts the issues of this key; the same text may be issued twice.
    """

    value: str
    expires: datetime
    issue: int

    def __repr__(self) -> str:
        return f"Token(expires={self.expires:%Y-%m-%d %H:%M}, issue={self.issue})"


class TokenStore:
    """The token of one key.

    Parameters
    ----------
    service, key : str
        Whose token; only a hash of the key is part of the file's name.
    issue : callable
        Asks the service: ``issue()`` gives the body of its answer, or raises a provider error.
    now : callable
        UTC now, by the provider's clock where ours is far from it.
    sleep : callable
        Takes seconds; tests pass one that does not wait.
    """

    def __init__(
        self,
        service: str,
        key: str,
        issue: Callable[[], Mapping[str, Any]],
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        digest = hashlib.sha256(f"{service}\0{key}".encode()).hexdigest()[:16]
        self.path = settings.load().state / "kis" / f"token-{service}-{digest}.json"
        self._issue, self._now, self._sleep = issue, now, sleep
        self._mutex = threading.Lock()
        self._held: Token | None = None

    def get(self, refused: Token | None = None) -> Token:
        """The token to use.

        Parameters
        ----------
        refused : Token, optional
            One that the service no longer takes. If another process has a newer one already, that is given.

        Raises
        ------
        ProviderError
            As the service refuses; see :mod:`workbench.adapters.kis.codes`.
        ShapeChanged
            If the answer holds no token.
        """
        held = self._held
        if refused is None and held is not None and self._is_good(held):
            return held
        with self._mutex, self._locked():
            stored = self._read()
            found = _token(stored)
            if found is None or not self._is_good(found) or (refused is not None and found.issue <= refused.issue):
                found = self._renew(stored)
            self._held = found
            secrets.remember("KIS_ACCESS_TOKEN", found.value)
            return found

    def _is_good(self, token: Token) -> bool:
        return token.expires - EARLY > self._now()

    def _renew(self, stored: dict[str, Any]) -> Token:
        since = time.time() - _number(stored.get("asked"))
        if 0.0 <= since < PAUSE:
            self._sleep(PAUSE - since)
        # Noted before the request: a process that is killed in between must not make the next one ask too soon.
        # The number stays that of the token in the file until there is another one.
        number = int(_number(stored.get("issue"))) + 1
        self._write(stored | {"asked": time.time()})
        body = self._issue()
        value, expires = self._accepted(body)
        self._write({"asked": time.time(), "issue": number, "value": value, "expires": expires.isoformat()})
        journal.note("kis.token_issued", expires=expires.isoformat())
        return Token(value, expires, number)

    def _accepted(self, body: Mapping[str, Any]) -> tuple[str, datetime]:
        value, text = body.get("access_token"), body.get("access_token_token_expired")
        if not isinstance(value, str) or not value:
            raise ShapeChanged("kis issued no access token.", hint="Look at the broker's notices.", provider="kis")
        # Before anything can fail and be shown.
        secrets.remember("KIS_ACCESS_TOKEN", value)
        try:
            # Korea time without an offset; `expires_in` has been seen to be off by more than an hour.
            expires = datetime.strptime(str(text), "%Y-%m-%d %H:%M:%S").replace(tzinfo=_KOREA).astimezone(UTC)
        except ValueError as error:
            raise ShapeChanged(
                f"kis issued a token that expires at {text!r}, which is no time.",
                hint="Look at the broker's notices.",
                provider="kis",
            ) from error
        if expires - EARLY <= self._now():
            # A token just issued has hours to live: one of the clocks is wrong, and a duration does not care.
            journal.note("kis.token_expires_in_the_past", level="warning", expires=expires.isoformat())
            expires = self._now() + max(_duration(body.get("expires_in")), EARLY * 2)
        return value, expires

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _read(self) -> dict[str, Any]:
        try:
            self.path.chmod(0o600)
            found = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _write(self, values: dict[str, Any]) -> None:
        """Replace the file whole: a process that dies here leaves the old one."""
        beside = self.path.with_suffix(".new")
        # One that a dead process left may have any mode.
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, json.dumps(values).encode())
        finally:
            os.close(handle)
        beside.replace(self.path)


def _token(stored: dict[str, Any]) -> Token | None:
    try:
        expires = datetime.fromisoformat(str(stored["expires"]))
        return Token(str(stored["value"]), expires, int(stored["issue"])) if expires.tzinfo else None
    except (KeyError, ValueError, TypeError):
        return None


def _number(value: Any) -> float:
    """A number of the file, 0 where somebody has written something else."""
    return float(value) if isinstance(value, (int, float)) and math.isfinite(value) else 0.0


def _duration(seconds: Any) -> timedelta:
    try:
        return timedelta(seconds=min(float(seconds), 86_400.0))
    except (TypeError, ValueError):
        return timedelta(0)
