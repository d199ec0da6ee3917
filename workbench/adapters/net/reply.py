"""What a provider answered, and the error it stands for by its status and its form."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from workbench import secrets
from workbench.errors import ProviderError, ShapeChanged, Throttled, Unauthorised, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: First bytes of a ZIP archive.
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Reply:
    """What a provider answered.

    Attributes
    ----------
    provider : str
        Its name, for errors.
    url : str
        Without its query, which may hold a key.
    status : int
        Of HTTP.
    headers : mapping
        Case does not matter.
    body : bytes
        Complete and decompressed.
    """

    provider: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_html(self) -> bool:
        """A page for a person where data was expected."""
        start = self.body[:200].lstrip().lower()
        return start.startswith((b"<!doctype html", b"<html"))

    def text(self) -> str:
        """The body as UTF-8; bytes that are none are replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises
        ------
        ShapeChanged
            If it is none; the message shows its beginning.
        """
        return self._parsed

    @cached_property
    def _parsed(self) -> Any:
        try:
            return json.loads(self.body)
        except ValueError as error:
            what = "an HTML page" if self.is_html else "no JSON"
            raise self.changed(f"{what}: {self.text()[:80]!r}", garbled=True) from error

    def check(self) -> None:
        """See that what calls itself data is data: no page for a person, no half of a JSON.

        Raises
        ------
        ShapeChanged
            With ``context["garbled"]``: a gateway's page often passes, so that the client asks again.
        """
        archive = self.body.startswith(_ZIP)  # whatever its header calls it
        if self.is_html or ("json" in self.headers.get("Content-Type", "") and not archive):
            self.json()

    def changed(self, what: str, **about: Any) -> ShapeChanged:
        """The error of an answer in another shape; ``what`` completes "… answered …"."""
        return ShapeChanged(
            secrets.masked(f"{self.provider} answered {self.url} with {what} (HTTP {self.status})."),
            hint="Look at the provider's notices; if its format changed, the adapter must be adapted.",
            provider=self.provider,
            **about,
        )


def fail_by_status(reply: Reply) -> None:
    """The error of a reply that its provider's judge let pass."""
    status, about = reply.status, {"provider": reply.provider, "status": reply.status}
    if status < 300:
        return
    if status == 429:
        after = reply.headers.get("Retry-After", "")
        raise Throttled(
            f"{reply.provider} asks for fewer calls (HTTP 429).",
            hint="Collect again later.",
            retry_after=float(after) if after.isdigit() else None,
            **about,
        )
    if status in (401, 403):
        raise Unauthorised(
            f"{reply.provider} refuses the request to {reply.url} (HTTP {status}).",
            hint="Check the key and what the subscription covers; `wb doctor` tests both.",
            **about,
        )
    if status >= 500:
        raise Unreachable(f"{reply.provider} has an error of its own (HTTP {status}).", hint="Try later.", **about)
    raise ProviderError(
        secrets.masked(f"{reply.provider} refuses the request to {reply.url} (HTTP {status}): {reply.text()[:120]!r}."),
        hint="If the request is right, the provider changed what it takes, and the adapter must be adapted.",
        **about,
    )
