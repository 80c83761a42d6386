"""What a service takes on: sizes, counts and times, each with what it is for."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from smpengine.errors import InputError, must


@dataclass(frozen=True)
class Limits:
    """What a service takes on; what is over it is refused, and everyone else is served.

    Attributes
    ----------
    most_mpx
        Of one picture, in millions of pixels.
    most_body_kib
        Of what is sent to it, a plan or a live message.
    most_impressions
        That a plan may have, and hairs.
    most_numbers, most_letters
        In a plan that is sent, corners of regions most of all; twice the first plan's if that is
        more.
    most_tests_millions
        Those numbers times its dots, likewise: each dot is held against each corner while it is
        placed, 7 ns a time, and that cannot be stopped.
    most_extent_mm
        Of a plan's scalp, either way.
    most_waiting
        Requests that wait for a thread; more are told to come again (503).
    most_each
        Requests in hand of one client; more are told to come again (429).
    most_connections
        Requests in hand at once, of any kind. Four times as many connections may be open; for one
        more the one that was quiet for longest is hung up on.
    most_live
        WebSockets that are open at once.
    answer_s
        Seconds that one picture may take.
    receive_s
        Seconds that a client may take to send a request; thrice as long it may take nothing in of
        an answer.
    bodies_mib, unsent_mib
        Of all clients: what was sent and is not read yet, and what waits to be taken in.
    plans_mib, answers_mib, blocks_mib, scenes
        What is kept: plans, encoded pictures, what is drawn, and scenes with their dots.
    """

    most_mpx: float = 16.0
    most_body_kib: int = 1024
    most_impressions: int = 1_000_000
    most_numbers: int = 4000
    most_letters: int = 20_000
    most_tests_millions: int = 1500
    most_extent_mm: float = 1000.0
    most_waiting: int = 256
    most_each: int = 128
    most_connections: int = 1000
    most_live: int = 64
    answer_s: float = 30.0
    receive_s: float = 10.0
    bodies_mib: int = 128
    unsent_mib: int = 256
    plans_mib: int = 64
    answers_mib: int = 128
    blocks_mib: int = 512
    scenes: int = 8

    def __post_init__(self) -> None:
        """Refuse what is no limit.

        Raises
        ------
        InputError
            A value is not over 0.
        """
        for field in fields(self):
            value: Any = getattr(self, field.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
                raise InputError(must(field.name, "be a number over 0", repr(value)))
