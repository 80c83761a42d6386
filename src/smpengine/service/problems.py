"""What a client is told when something is wrong: RFC 9457, with one line for each fault."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from smpengine.errors import (
    Cancelled,
    DeviceError,
    InputError,
    OutputError,
    PlanError,
    SmpError,
    must,
)

KIND = "application/problem+json"


class Problem(Exception):  # noqa: N818 - an answer, and not a fault
    """An answer that is no picture.

    Attributes
    ----------
    status
        Of HTTP.
    lines
        What is wrong, one line each.
    retry_s
        When to come again; None where that would not help.
    """

    def __init__(self, status: int, lines: Sequence[str], retry_s: int | None = None) -> None:
        super().__init__("\n".join(lines))
        self.status, self.lines, self.retry_s = status, list(lines), retry_s

    def body(self) -> dict[str, Any]:
        """Return what is sent."""
        title = HTTPStatus(self.status).phrase
        detail = self.lines[0] if self.lines else title
        return {"title": title, "status": self.status, "detail": detail, "errors": self.lines}

    def headers(self) -> dict[str, str]:
        """Return the headers beside it."""
        return {} if self.retry_s is None else {"Retry-After": str(self.retry_s)}


def problem_of(error: Exception) -> Problem:
    """Return what a client is told of an error: of ours what it says, of others nothing."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, PlanError):
        return Problem(422, error.problems)
    if isinstance(error, InputError):
        return Problem(422, str(error).splitlines())
    if isinstance(error, Cancelled):
        return Problem(503, ["the picture took too long. Ask for a smaller one."], 1)
    if isinstance(error, MemoryError):
        return Problem(503, ["out of memory. Ask for a smaller picture."], 5)
    if isinstance(error, DeviceError | OutputError | SmpError):
        return Problem(500, ["the service could not draw it; its log says why."])
    return Problem(500, ["the service failed; its log says why."])


def unknown_plan(name: str) -> Problem:
    """Return what is said of a plan that is not here."""
    remedy = "It may have been dropped for room: POST it to /api/plans again."
    rule = "be the id of a plan that is known here"
    return Problem(404, [must("plan", rule, repr(name[:40]), remedy=remedy)])
