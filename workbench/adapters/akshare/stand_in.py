"""What the library's modules find under the name ``requests`` while one of its functions runs."""

from __future__ import annotations

from typing import Any

import requests


class Requests:
    """Stands for the package ``requests`` in a module of the library."""

    def __init__(self, session: requests.Session) -> None:
        self.get, self.post, self.request = session.get, session.post, session.request
        self._session = session

    def Session(self) -> _Kept:  # noqa: N802
        """Our session."""
        return _Kept(self._session)

    session = Session

    def __getattr__(self, name: str) -> Any:
        return getattr(requests, name)


class _Kept:
    """Our session where the library opens and closes its own."""

    def __init__(self, session: requests.Session) -> None:
        self.get, self.post, self.request, self.headers = session.get, session.post, session.request, session.headers

    def __enter__(self) -> _Kept:
        return self

    def __exit__(self, *_: object) -> None:
        """Stay open."""

    def mount(self, *_: object) -> None:
        """Keep our own way out."""

    def close(self) -> None:
        """Stay open."""


def no_bars(*_: Any, **__: Any) -> Any:
    """Stands for the library's choice of a progress bar."""
    return lambda iterable, *_, **__: iterable
