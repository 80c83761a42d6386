"""What a service bears, by Locust (`pip install locust`): tiles, as viewers ask for them.

    smpengine serve examples/scalp.toml --px-per-mm 40
    locust -f benchmarks/locustfile.py --headless --host http://127.0.0.1:8000 -u 64 -r 64 -t 20s

Each user asks for one tile after the other. `benchmarks/serve.py` measures latencies.
"""

import random

from locust import FastHttpUser, task


class Viewer(FastHttpUser):
    """Looks about at the largest levels of a scalp."""

    def on_start(self) -> None:
        """Ask what there is."""
        about = self.client.get("/api/plan").json()
        scale = about["scale"]
        self.id, self.level = about["id"], scale["max_zoom"]
        self.across = -(-scale["width_px"] // scale["tile_px"])
        self.down = -(-scale["height_px"] // scale["tile_px"])

    @task(20)
    def tile(self) -> None:
        """Ask for a tile of the largest level."""
        x, y = random.randrange(self.across), random.randrange(self.down)
        path = f"/tiles/{self.level}/{x}/{y}.jpg?plan={self.id}"
        self.client.get(path, name="tile")

    @task(1)
    def tone(self) -> None:
        """Ask for one in another light."""
        x, y = random.randrange(self.across), random.randrange(self.down)
        light = random.choice((0.9, 1.0, 1.2))
        path = f"/tiles/{self.level}/{x}/{y}.jpg?plan={self.id}&exposure={light}"
        self.client.get(path, name="tone")
