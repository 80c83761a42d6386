"""Workers of a Dask cluster, behind the same seam as processes of this machine."""

from __future__ import annotations

import logging
from concurrent.futures import BrokenExecutor, CancelledError, Future
from importlib import util
from typing import Any

from smpengine.errors import InputError, OutputError, must
from smpengine.sets.processes import without_ctrl_c
from smpengine.sets.work import Made, Task, work

_RETRIES = 3
_CONNECT_S = 10
_WORKERS_S = 60
_LOGS = ("distributed", "distributed.client")
_GONE = "The Dask scheduler is gone. What is made stays: the same command goes on with another."


class DaskPool:
    """A Dask cluster: one that runs, by its scheduler's address, or one that is given.

    Parameters
    ----------
    scheduler
        Address, such as "tcp://host:8786", or a `distributed` cluster. Its workers must have this
        version of smpengine, and the set's folder under the same path.
    resources
        What a task takes of a worker, such as {"GPU": 1}; nothing when None.

    Attributes
    ----------
    jobs
        How many tasks its workers do at once.

    Raises
    ------
    InputError
        distributed is not installed.
    OutputError
        There is no scheduler at the address, or it has no workers.
    """

    def __init__(self, scheduler: Any, resources: dict[str, float] | None = None) -> None:
        check_installed()
        from distributed import Client

        self._levels = _hushed()
        try:
            self._client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_WORKERS_S)
        except (OSError, ValueError, TimeoutError) as error:
            _restore(self._levels)
            where = scheduler if isinstance(scheduler, str) else "the cluster"
            raise OutputError(must("--scheduler", "be a Dask scheduler with workers", where,
                                   remedy=str(error))) from error  # fmt: skip
        # Tasks are pure, and their results small; a lost worker's are given to others.
        self._options: dict[str, Any] = {"pure": False, "retries": _RETRIES}
        if resources:
            self._options["resources"] = resources
        self.jobs = max(sum(self._client.nthreads().values()), 1)

    def submit(self, task: Task) -> Future[Made]:
        """Let a worker do a task.

        Raises
        ------
        OutputError
            The scheduler is gone.
        """
        if self._client.status != "running":
            raise OutputError(_GONE)
        there = self._client.submit(work, task, **self._options)
        here: Future[Made] = Future()
        here.add_done_callback(lambda each: there.cancel() if each.cancelled() else None)
        there.add_done_callback(lambda each: _pass_on(each, here))
        return here

    def restart(self) -> None:
        """Say that the scheduler is gone: of workers that die it takes care by itself.

        Raises
        ------
        OutputError
            Always: nothing else lets tasks be lost.
        """
        raise OutputError(_GONE)

    def close(self) -> None:
        """Let go of the cluster, which goes on."""
        self._client.close()
        _restore(self._levels)


class LocalDask(DaskPool):
    """A Dask cluster of this machine's own, started for one set: processes of one thread each.

    Parameters
    ----------
    jobs
        How many.

    Raises
    ------
    InputError
        distributed is not installed.
    OutputError
        The cluster does not start.
    """

    def __init__(self, jobs: int) -> None:
        check_installed()
        from distributed import LocalCluster

        try:
            with without_ctrl_c():
                self._cluster = LocalCluster(
                    n_workers=jobs, threads_per_worker=1, processes=True,
                    dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
                )  # fmt: skip
        except (OSError, RuntimeError) as error:
            said = " ".join(str(error).split())
            raise OutputError(must("--scheduler local", "start", said)) from error
        super().__init__(self._cluster)

    def close(self) -> None:
        """Let go of the cluster, and end it."""
        super().close()
        self._cluster.close()


def check_installed() -> None:
    """Refuse a scheduler where there is none to be had.

    Raises
    ------
    InputError
        distributed is not installed.
    """
    if util.find_spec("distributed") is None:
        remedy = "Install it: pip install 'smpengine[dask]'."
        raise InputError(must("distributed", "be installed for --scheduler", "none", remedy=remedy))


def _pass_on(there: Any, here: Future[Made]) -> None:
    """Give what became of a task to who waits for it.

    Not by `distributed`'s own executor: a scheduler that dies while it hands over a result leaves
    that one's future waiting for ever.
    """
    if not here.set_running_or_notify_cancel():
        return
    try:
        here.set_result(there.result())
    except (CancelledError, OSError):  # of the connection: what `work` raises is in its result
        here.set_exception(BrokenExecutor(_GONE))
    except Exception as error:
        here.set_exception(error)


def _hushed() -> dict[str, int]:
    """Quiet the client's logs: a scheduler that goes is said in a line, not in pages of them.

    Returns
    -------
    dict
        The levels before.
    """
    levels = {name: logging.getLogger(name).level for name in _LOGS}
    for name in _LOGS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return levels


def _restore(levels: dict[str, int]) -> None:
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
