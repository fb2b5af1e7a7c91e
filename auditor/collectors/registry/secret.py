"""A type for passwords and tokens that cannot be printed by accident."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from auditor.redaction import REDACTED, remember, remember_login


class Secret:
    """Text that only `reveal` returns; `repr`, `str` and formatting hide it. No output shows it, in any encoding."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text
        for scheme in ("Basic ", "Bearer "):
            text = text.removeprefix(scheme)
        remember(text)

    def reveal(self) -> str:
        """Return the text itself, for the wire only."""
        return self._text

    def __repr__(self) -> str:
        return REDACTED

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a secret must not be stored")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)


@dataclass(frozen=True, slots=True)
class Login:
    """A login for a registry. An identity token replaces the password at the token service only (OAuth 2 refresh)."""

    username: str
    password: Secret
    is_identity_token: bool = False

    def __post_init__(self) -> None:
        remember_login(self.username, self.password.reveal())

    def basic(self) -> Secret:
        """Return the value of an Authorization header for HTTP Basic."""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        return Secret("Basic " + base64.b64encode(pair).decode("ascii"))
