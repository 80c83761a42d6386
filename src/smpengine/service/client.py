"""`Client`: a service's pictures, plans and verdicts from Python, elsewhere."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from smpengine.errors import InputError, OutputError, must

if TYPE_CHECKING:
    import httpx
    from websockets.sync.client import ClientConnection

Window = tuple[float, float, float, float]
_REFUSED: Final = (400, 404, 413, 415, 422)


@dataclass(frozen=True)
class Served:
    """A plan on a service.

    Attributes
    ----------
    id
        Its name there; the same plan has the same.
    plan
        Its keys, presets written out.
    about
        All that the service says of it: extent, sessions, counts, notes, scale.
    """

    id: str
    plan: dict[str, Any]
    about: dict[str, Any]


@dataclass(frozen=True)
class Shown:
    """A live picture on its way.

    Attributes
    ----------
    picture
        Uint8 (height, width, 3).
    share
        Of it that is final, 0 to 1.
    plan
        Id of the plan that it shows: a new one behind a patch.
    """

    picture: NDArray[np.uint8]
    share: float
    plan: str


class Client:
    """Asks a service.

    Parameters
    ----------
    url
        Where it is, such as "http://localhost:8000".
    token
        That it wants; None where it wants none.
    timeout_s
        For one answer.

    Raises
    ------
    InputError
        httpx is not installed, or the address is none.
    """

    def __init__(self, url: str, token: str | None = None, *, timeout_s: float = 60.0) -> None:
        import cv2  # noqa: F401 - it takes a while, which the first picture would wait for

        try:
            import httpx
        except ImportError as error:
            remedy = "pip install 'smpengine[serve]'."
            raise InputError(must("Client", "have httpx", "none", remedy=remedy)) from error
        if not url.startswith(("http://", "https://")):
            raise InputError(must("url", "begin with http:// or https://", repr(url)))
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._url, self._headers, self._timeout_s = url.rstrip("/"), headers, timeout_s
        self._http = httpx.Client(base_url=self._url, headers=headers, timeout=timeout_s)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def plan(self, name: str | None = None) -> Served:
        """Return a plan by its id; the one that is served when None.

        Raises
        ------
        InputError
            It is not known there.
        OutputError
            The service does not answer, or cannot.
        """
        return _served(self._asked("GET", "/api/plan" if name is None else f"/api/plans/{name}"))

    def upload(self, plan: Mapping[str, Any]) -> Served:
        """Send a plan, its keys as in a file.

        Raises
        ------
        InputError
            With every problem of it.
        OutputError
            As for `plan`.
        """
        body = json.dumps(plan).encode()
        return _served(self._asked("POST", "/api/plans", body, "application/json"))

    def patch(self, name: str, changes: Mapping[str, Any]) -> Served:
        """Make another plan of one: keys of `changes` replace its own, None takes one away.

        Raises
        ------
        InputError, OutputError
            As for `upload`.
        """
        body = json.dumps(changes).encode()
        kind = "application/merge-patch+json"
        return _served(self._asked("PATCH", f"/api/plans/{name}", body, kind))

    def tile(
        self, z: int, x: int, y: int, plan: str | None = None, **look: Any
    ) -> NDArray[np.uint8]:  # fmt: skip
        """Return a tile: level, column, row.

        Parameters
        ----------
        z, x, y
            Level 0 is the whole in one tile; y runs down.
        plan
            Id; the one that is served when None.
        look
            day, sessions (numbers), fault (names), exposure; edge="cut" for tiles that end where
            the scalp does.

        Raises
        ------
        InputError, OutputError
            As for `plan`.
        """
        return self._picture(f"/tiles/{z}/{x}/{y}.png", {"plan": plan, **look})

    def window(
        self, window_mm: Window | None = None, px_per_mm: float | None = None,
        plan: str | None = None, **look: Any,
    ) -> NDArray[np.uint8]:  # fmt: skip
        """Return a window, the bits that `smpengine.render` gives.

        Parameters
        ----------
        window_mm, px_per_mm
            As for `smpengine.render`; the service's scale when None.
        plan, look
            As for `tile`.

        Raises
        ------
        InputError, OutputError
            As for `plan`.
        """
        edges = None if window_mm is None else ",".join(repr(float(edge)) for edge in window_mm)
        said = {"window": edges, "px_per_mm": px_per_mm, "plan": plan, **look}
        return self._picture("/window.png", said)

    def verdict(
        self, name: str, window_mm: Window | None = None, **look: Any
    ) -> dict[str, Any]:  # fmt: skip
        """Return what is measured of a window of a plan; its middle when None.

        Raises
        ------
        InputError, OutputError
            As for `plan`.
        """
        edges = None if window_mm is None else ",".join(repr(float(edge)) for edge in window_mm)
        query = _query({"window": edges, **look})
        found: dict[str, Any] = self._asked("GET", f"/api/plans/{name}/verdict{query}").json()
        return found

    @contextlib.contextmanager
    def live(self) -> Iterator[Live]:
        """Open a live view.

        Raises
        ------
        OutputError
            The service has no room for another.
        """
        from websockets.exceptions import WebSocketException
        from websockets.sync.client import connect

        there = "ws" + self._url.removeprefix("http") + "/live"
        try:
            socket = connect(there, additional_headers=self._headers, max_size=None,
                             open_timeout=self._timeout_s)  # fmt: skip
        except (OSError, WebSocketException) as error:
            raise OutputError(f"{there}: {error}.") from error
        with socket:
            yield Live(socket)

    def _picture(self, path: str, said: Mapping[str, Any]) -> NDArray[np.uint8]:
        return _unpacked(self._asked("GET", path + _query(said)).content)

    def _asked(
        self, method: str, path: str, body: bytes | None = None, kind: str | None = None
    ) -> httpx.Response:
        import httpx

        headers = {} if kind is None else {"Content-Type": kind}
        try:
            answer = self._http.request(method, path, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise OutputError(f"{self._url}: {error or type(error).__name__}.") from error
        if answer.is_success:
            return answer
        lines = _lines(answer)
        if answer.status_code in _REFUSED:
            raise InputError(lines)
        raise OutputError(f"{self._url}: {answer.status_code}: {lines}")


class Live:
    """A live view of a service: ask, and take what comes."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0

    def show(
        self, px_per_mm: float, window_mm: Window | None = None, *, plan: str | None = None,
        patch: Mapping[str, Any] | None = None, **look: Any,
    ) -> Iterator[Shown]:  # fmt: skip
        """Give a window as a coarse picture, then better ones, and last the final one.

        Asking for another stops this one.

        Parameters
        ----------
        px_per_mm, window_mm, plan, look
            As for `Client.window`; ``faults`` instead of ``fault``.
        patch
            Makes another plan of it, as `Client.patch` does.

        Raises
        ------
        InputError
            What is wrong with it, a line each.
        """
        self._number += 1
        number = self._number
        said = {"number": number, "px_per_mm": px_per_mm, "window_mm": window_mm, "plan": plan,
                "patch": patch, **look}  # fmt: skip
        self._socket.send(json.dumps({k: v for k, v in said.items() if v is not None}))
        return self._stages(number)

    def _stages(self, number: int) -> Iterator[Shown]:
        while True:
            told = json.loads(self._socket.recv())
            if "errors" in told:
                if told["number"] in (number, None):
                    raise InputError("\n".join(told["errors"]))
                continue
            body = self._socket.recv()
            if told["number"] != number or isinstance(body, str):
                continue
            yield Shown(_unpacked(body), float(told["share"]), told["plan"])
            if told["share"] >= 1.0:
                return


def _unpacked(body: bytes) -> NDArray[np.uint8]:
    """Return the pixels of PNG, JPEG or WebP, R, G, B."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR) if body else None
    if picture is None:
        raise OutputError(f"The service sent {len(body):,} bytes that are no picture.")
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, picture), np.uint8)


def _served(answer: httpx.Response) -> Served:
    about = answer.json()
    return Served(about["id"], about["plan"], about)


def _query(said: Mapping[str, Any]) -> str:
    given: list[tuple[str, Any]] = []
    for key, value in said.items():
        if value is None:
            continue
        if key == "sessions" and not isinstance(value, str):
            value = ",".join(str(number) for number in value)
        many = value if isinstance(value, list | tuple) else [value]
        given += [(key, each) for each in many]
    return f"?{urlencode(given)}" if given else ""


def _lines(answer: httpx.Response) -> str:
    try:
        return "\n".join(answer.json()["errors"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
