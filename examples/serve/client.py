"""Ask a service for what it shows: smpengine serve plan.toml, then python client.py."""

import sys

import smpengine as smp

url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"
with smp.Client(url) as service:
    plan = service.plan()
    print(plan.about["impressions"], "dots on", plan.about["extent_mm"], "mm")
    darker = service.patch(plan.id, {"skin": {"type": "V"}, "fullness": 0.7})
    before = service.window((10, 8, 20, 16), px_per_mm=20, plan=darker.id, sessions=[])
    after = service.window((10, 8, 20, 16), px_per_mm=20, plan=darker.id, day=400)
    print("mean", before.mean().round(1), "before,", after.mean().round(1), "after")
    print("stubble index", service.verdict(darker.id)["stubble_index"])
    with service.live() as view:
        for step in (0.3, 0.5, 0.7):
            for shown in view.show(20.0, plan=plan.id, patch={"fullness": step}):
                print(f"fullness {step}: {shown.share:.0%}", shown.picture.shape)
