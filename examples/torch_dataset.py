"""Pictures of treated scalps and how densely they are treated, made as a network is trained.

DataLoader(Scalps(smp.load_plan("plan.toml"), range(1000), 512, 40.0), batch_size=8, num_workers=2)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch.utils.data import IterableDataset, get_worker_info

import smpengine as smp


class Scalps(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """A plan with other seeds: (3, size, size) uint8, and dots per cm2 as (size, size) float32."""

    def __init__(self, plan: smp.Plan, seeds: Sequence[int], size: int, px_per_mm: float) -> None:
        self.plan, self.seeds, self.scale = plan, seeds, px_per_mm
        x, y = (0.5 * (side - size / px_per_mm) for side in plan.extent_mm)
        self.window = x, y, x + size / px_per_mm, y + size / px_per_mm

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Give this worker's share of the seeds, in order."""
        worker = get_worker_info()
        first, step = (0, 1) if worker is None else (worker.id, worker.num_workers)
        table = self.plan.resolved()
        plans = (smp.Plan.from_dict({**table, "seed": seed}) for seed in self.seeds[first::step])
        threads = None if worker is None else 1
        yield from smp.render_many(
            plans, self.scale, self.window, threads=threads, convert=self._pair
        )

    def _pair(self, made: smp.Rendered) -> tuple[torch.Tensor, torch.Tensor]:
        maps = smp.truth_maps(made.scene, self.scale, self.window, threads=1)
        picture = torch.from_numpy(made.picture.transpose(2, 0, 1).copy())
        return picture, torch.from_numpy(maps.density_per_cm2)
