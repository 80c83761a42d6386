"""Workers of a Dask cluster, behind the same seam as processes of this machine."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from importlib import util
from typing import Any

from smpengine.errors import InputError, OutputError, must
from smpengine.sets.work import Made, Task, work

_RETRIES = 3
_CONNECT_S = 10
_WORKERS_S = 60
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
        if util.find_spec("distributed") is None:
            remedy = "Install it: pip install 'smpengine[dask]'."
            raise InputError(must("distributed", "be installed for --scheduler", "none",
                                  remedy=remedy))  # fmt: skip
        from distributed import Client

        try:
            self._client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=_WORKERS_S)
        except (OSError, ValueError, TimeoutError) as error:
            where = scheduler if isinstance(scheduler, str) else "the cluster"
            raise OutputError(must("--scheduler", "be a Dask scheduler with workers", where,
                                   remedy=str(error))) from error  # fmt: skip
        # Tasks are pure, and their results small; a lost worker's are given to others.
        options: dict[str, Any] = {"pure": False, "retries": _RETRIES}
        if resources:
            options["resources"] = resources
        self._executor: Executor = self._client.get_executor(**options)
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
        return self._executor.submit(work, task)

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
        self._executor.shutdown(wait=False)
        self._client.close()
