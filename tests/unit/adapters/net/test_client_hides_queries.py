"""A key in the query of an address stays out of the error of a failed connection, its causes included."""

import pytest

from workbench.adapters.net import Client, Patience
from workbench.errors import Unreachable


def test_no_error_in_the_chain_holds_the_query():
    client = Client("nobody", "http://127.0.0.1:9", patience=Patience(attempts=2, sleep=lambda _: None))
    with pytest.raises(Unreachable) as caught:
        client.get("/x", {"crtfc_key": "0123456789abcdef"})
    error: BaseException | None = caught.value
    while error is not None:
        assert "0123456789abcdef" not in f"{error!s}{error!r}"
        error = error.__cause__ or error.__context__
