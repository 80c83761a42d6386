"""Connections: who is hung up on when there are too many, when nothing comes, or nothing is taken.

uvicorn's own bound refuses every request while too many connections are open, so that who holds
some open and asks for nothing shuts everyone out. Here the line that was quiet for longest goes.
And whatever waits for a client to take an answer in, uvicorn's own answers and the closing of a
line among it, waits without end; here a line that takes none of it in for a while is cut.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

try:
    import fcntl
    import termios
except ImportError:  # Windows
    fcntl = termios = None  # type: ignore[assignment]

_LOOKS: Final = 3
"""In a row that find nothing taken in: a slow reader empties its kernel's room in one go."""


class Lines:
    """Open connections; those on which no request is in hand in the order they fell quiet.

    Parameters
    ----------
    most
        That may be open; one more and the quietest is hung up on, or one that takes nothing in,
        itself where all are busy.
    patience_s
        Seconds that a request's head may take once the line is open or its first byte is there;
        thrice as long a client may take nothing in of what is to be sent.
    most_unsent
        Bytes that wait for clients to take them in, of all lines.
    """

    def __init__(self, most: int, patience_s: float, most_unsent: int) -> None:
        self._most, self.patience_s, self._most_unsent = most, patience_s, most_unsent
        self._open: set[Any] = set()
        self._quiet: dict[Any, None] = {}
        self._full: dict[Any, None] = {}
        self._looks: dict[Any, tuple[int, int]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def opened(self, line: Any) -> None:
        """Count a line, and hang up on one if that is too many."""
        self._open.add(line)
        self._quiet[line] = None
        if len(self._open) > self._most:
            others = (each for each in self._quiet if each is not line)
            self._hang_up(next(others, None) or self._idle() or line)
        if self._timer is None:
            self._timer = line.loop.call_later(self.patience_s, self.cut, line.loop)

    def handed_over(self, line: Any, other: Any) -> None:
        """Count another in its place."""
        self.closed(line)
        self._open.add(other)
        self._quiet[other] = None

    def busy(self, line: Any) -> None:
        """Note that a request is in hand."""
        self._quiet.pop(line, None)

    def quiet(self, line: Any) -> None:
        """Note that its last request was answered, or is not here yet."""
        if line in self._open:
            self._quiet.pop(line, None)
            self._quiet[line] = None

    def closed(self, line: Any) -> None:
        """Count it no more."""
        self._open.discard(line)
        self._quiet.pop(line, None)
        self.moved(line)

    def full(self, line: Any) -> None:
        """Note that more waits for it to be taken in than is written ahead; cut if it is too much.

        Who took nothing in for longest goes first, then who is full for longest.
        """
        self._full[line] = None
        while (
            sum(each.transport.get_write_buffer_size() for each in self._full) > self._most_unsent
        ):
            self._hang_up(self._idle() or next(iter(self._full)))

    def moved(self, line: Any) -> None:
        """Note that it is full no more."""
        self._full.pop(line, None)
        self._looks.pop(line, None)

    def cut(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cut those that are full, or being closed, and took nothing in for some looks."""
        self._timer = loop.call_later(self.patience_s, self.cut, loop) if self._open else None
        before, self._looks = self._looks, {}
        for line in tuple(self._open):
            if line in self._full or line.transport.is_closing():
                left = unsent(line.transport)
                was, idle = before.get(line, (0, 0))
                self._looks[line] = left, (idle + 1 if 0 < was <= left else 0)
                if self._looks[line][1] >= _LOOKS:
                    self._hang_up(line)

    @property
    def _unsent(self) -> int:
        return sum(line.transport.get_write_buffer_size() for line in self._full)

    def _idle(self) -> Any:
        """Return the line that took nothing in for longest, None if each took some of late."""
        line = max(self._looks, key=lambda each: self._looks[each][1], default=None)
        return line if line is not None and self._looks[line][1] else None

    def _hang_up(self, line: Any) -> None:
        self.closed(line)
        line.transport.abort()


def unsent(transport: Any) -> int:
    """Return how much the other side has not taken in: bytes here, and in the kernel.

    The kernel takes megabytes at once, and no more for long where the reader is slow.
    """
    here: int = transport.get_write_buffer_size()
    if fcntl is None or not hasattr(termios, "TIOCOUTQ"):
        return here
    try:
        number = transport.get_extra_info("socket").fileno()
        return here + int.from_bytes(fcntl.ioctl(number, termios.TIOCOUTQ, bytes(4)), "little")
    except (OSError, ValueError):  # it is closed
        return here
