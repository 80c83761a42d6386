"""What Prometheus is told."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_STEPS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of one service."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.requests = Counter(
            "smpengine_requests_total", "Answers, by what was asked for and status.",
            ["route", "status"], registry=registry,
        )  # fmt: skip
        self.seconds = Histogram(
            "smpengine_request_seconds", "From a request's head to its answer's.",
            ["route"], buckets=_STEPS, registry=registry,
        )  # fmt: skip
        self.drawn = Histogram(
            "smpengine_picture_seconds", "To draw and encode a picture that was not known.",
            buckets=_STEPS, registry=registry,
        )  # fmt: skip
        self.known = Counter(
            "smpengine_known_total", "Pictures that were known, by whom: client or service.",
            ["by"], registry=registry,
        )  # fmt: skip
        self.shed = Counter(
            "smpengine_shed_total", "Requests that were told to come again.", ["status"],
            registry=registry,
        )  # fmt: skip
        self.stale = Counter(
            "smpengine_stale_total", "Live pictures stopped for newer ones.", registry=registry
        )
        self.in_hand = Gauge("smpengine_in_hand", "Pictures in hand.", registry=registry)
        self.live = Gauge("smpengine_live", "Open live connections.", registry=registry)
        self.held = Gauge(
            "smpengine_held_bytes", "What is kept, by what.", ["what"], registry=registry
        )
