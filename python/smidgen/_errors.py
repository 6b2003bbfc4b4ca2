"""The error that all functions raise."""

from __future__ import annotations


class Error(Exception):
    """Something cannot be done; the message says what, and why.

    `number` is that of the decoder's errors (docs/format.md, section 9), if it is one of them: devices report the same.
    """

    def __init__(self, message: str, number: int | None = None) -> None:
        super().__init__(message)
        self.number = number
