"""Plans over HTTP: values by id; what is sent is checked and opens no files."""

from __future__ import annotations

import json
import math
import threading
import tomllib
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import smpengine as smp
from smpengine.service.limits import Limits
from smpengine.service.plans import merged
from smpengine.service.read import read_toml

SMALL = {"version": 1, "treatment": "natural", "scalp": {"extent_mm": [8.0, 6.0]}}


def test_a_plan_is_described(client: smp.Client, plan: smp.Plan) -> None:
    about = client.plan().about
    scene = plan.scene()
    assert about["plan"] == plan.resolved()
    assert about["impressions"] == len(scene.impressions)
    assert [s["impressions"] for s in about["sessions"]] == np.bincount(
        scene.impressions.session
    ).tolist()
    assert [s["number"] for s in about["sessions"]] == [1, 2, 3]
    assert about["settled_day"] > about["last_day"] > 0.0
    assert client.plan(about["id"]).about == about


def test_the_same_plan_has_the_same_name(client: smp.Client, url: str) -> None:
    sent = client.upload(SMALL)
    toml = 'version = 1\ntreatment = "natural"\nscalp.extent_mm = [8.0, 6.0]\n'
    answer = httpx.post(f"{url}/api/plans", content=toml,
                        headers={"Content-Type": "application/toml"})  # fmt: skip
    assert answer.status_code == 201
    assert answer.json()["id"] == sent.id
    assert answer.headers["location"] == f"/api/plans/{sent.id}"
    assert client.upload(sent.plan).id == sent.id
    assert client.upload({**SMALL, "seed": 1}).id != sent.id
    file = httpx.get(f"{url}/api/plans/{sent.id}/plan.json")
    assert client.upload(json.loads(file.text)).id == sent.id


def test_a_patch_makes_another_plan_and_leaves_the_one(client: smp.Client) -> None:
    before = client.upload(SMALL)
    picture = client.window(None, 20.0, before.id)
    after = client.patch(before.id, {"skin": {"type": "VI"}, "fullness": 0.9})
    assert after.id != before.id
    dark = client.window(None, 20.0, after.id)
    assert dark.mean() < 0.7 * picture.mean()
    np.testing.assert_array_equal(client.window(None, 20.0, before.id), picture)
    own = smp.Plan.from_dict({**SMALL, "skin": {"type": "VI"}, "fullness": 0.9})
    np.testing.assert_array_equal(dark, smp.render(own.scene(), 20.0))
    assert client.patch(after.id, {"skin": None, "fullness": 0.5}).id == before.id


def test_merge_patches_are_those_of_rfc_7396() -> None:
    cases: list[tuple[Any, Any, Any]] = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]
    for before, patch, after in cases:
        assert merged(before, patch) == after


def test_two_who_edit_at_once_each_see_their_own(url: str) -> None:
    found: dict[int, list[bool]] = {}

    def edit(who: int) -> None:
        with smp.Client(url) as client:
            at = client.upload({**SMALL, "seed": who})
            rights = []
            for step in range(6):
                fullness = round(0.2 + 0.1 * step + 0.01 * who, 3)
                at = client.patch(at.id, {"fullness": fullness})
                own = smp.Plan.from_dict({**SMALL, "seed": who, "fullness": fullness})
                shown = client.window((1.0, 1.0, 5.0, 4.0), 40.0, at.id)
                drawn = smp.render(own.scene(), 40.0, (1.0, 1.0, 5.0, 4.0))
                rights.append(bool(np.array_equal(shown, drawn)))
            found[who] = rights

    threads = [threading.Thread(target=edit, args=(who,)) for who in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {1: [True] * 6, 2: [True] * 6}


def test_a_verdict_is_that_of_the_picture(client: smp.Client, plan: smp.Plan) -> None:
    served = client.plan()
    told = client.verdict(served.id, (2.0, 2.0, 22.0, 16.0))
    own = smp.report(smp.render(plan.scene(), 20.0, (2.0, 2.0, 22.0, 16.0)), 20.0)
    assert told["stubble_index"] == own.stubble_index
    assert told["dots"] == len(own.dots)
    assert len(told["depth_mm"]["counts"]) == 3
    dots = plan.scene().impressions
    inside = (dots.x_mm >= 2) & (dots.x_mm < 22) & (dots.y_mm >= 2) & (dots.y_mm < 16)
    assert sum(map(sum, told["depth_mm"]["counts"])) == inside.sum()
    assert sum(told["fwhm_mm"]["counts"]) == len(own.dots)


def test_a_verdict_of_a_whole_scalp_is_refused(serve: Any) -> None:
    plan = smp.Plan.from_dict({**SMALL, "scalp": {"extent_mm": [180.0, 220.0]}})
    with serve(plan=plan) as url, smp.Client(url) as client:
        name = client.plan().id
        with pytest.raises(smp.InputError, match="window must have at most 100 cm2 for a verdict"):
            client.verdict(name, (0.0, 0.0, 180.0, 80.0))
        assert client.verdict(name)["window_mm"] == [70.0, 90.0, 110.0, 130.0]


@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"{", "application/json", 422, "body must be JSON"),
        (b"[1]", "application/json", 422, "body must be a table of keys, got list"),
        (b'{"seed": NaN}', "application/json", 422, "body must hold finite numbers, got NaN"),
        (b'{"seed": 1e999, "version": 1}', "application/json", 422, "seed must"),
        (b"\xff\xfe", "application/json", 422, "body must be JSON"),
        (b".".join([b"a"] * 66) + b" = 1", "application/toml", 422, "at most 64 deep"),
        (b"x = {" + b" . ".join([b"1"] * 9000) + b" = 1}", "application/toml", 422,
         "at most 64 deep"),
        (b"[" * 100_000, "application/json", 422, "body must be at most 64 deep"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "application/json", 422, "at most 64 deep"),
        (b"= 3", "application/toml", 422, "body must be TOML"),
        (b"a = " + b"[" * 5000, "application/toml", 422, "body must be"),
        (b"{}", "text/plain", 415, "Content-Type must be one of application/json"),
        (b'{"version": 1, "colour": 3}', "application/json", 422, "plan: colour must be a known"),
        (b"{" + b" " * 2**20 + b"}", "application/json", 413, "body must be at most 1024 KiB"),
    ],
)  # fmt: skip
def test_what_is_no_plan(url: str, body: bytes, kind: str, status: int, says: str) -> None:
    answer = httpx.post(f"{url}/api/plans", content=body, headers={"Content-Type": kind})
    assert answer.status_code == status, answer.text
    assert any(says in line for line in answer.json()["errors"]), answer.text


RING = [[160 + 150 * math.cos(k / 300), 160 + 150 * math.sin(k / 300)] for k in range(1880)]
CURVES = (
    "M 0 0"
    + "".join(f"C {3 * k} 300 {3 * k} 300 {3 * k + 3} 0 " for k in range(100))
    + "L 300 320 L 0 320 Z"
)  # a hundred curves: few numbers, thousands of corners


@pytest.mark.parametrize(
    ("patch", "says"),
    [
        ({"scalp": {"extent_mm": [1e6, 10]}}, "must be at most 1000 mm"),
        ({"scalp": {"extent_mm": ["900000", "10"]}}, "must be at most 1000 mm"),
        ({"scalp": {"extent_mm": [10, 10**400]}}, "must be at most 1000 mm"),
        ({"scalp": {"extent_mm": [900, 900]}}, "plan: sessions must make at most 1,000,000 dots"),
        ({"scalp": {"extent_mm": [600, 600]}, "hair": {}, "fullness": 0.0},
         "plan: hair must make at most 1,000,000 hairs"),
        ({"scalp": {"regions": [{"polygon_mm": [[k % 7, k % 5] for k in range(2500)]}]}},
         "plan must have at most 4,000 numbers on this service, got 5,0"),
        ({"scalp": {"extent_mm": [330, 330],
                    "regions": [{"polygon_mm": RING}]}},
         "plan must have at most 1,500 million numbers times dots here, got "),
        ({"scalp": {"extent_mm": [330, 330], "regions": [{"svg": CURVES}]}},
         "plan must have at most 1,500 million numbers times dots here, got "),
        ({"scalp": {"regions": [{"svg": "M 0 0 " + "L 1 1 " * 5000 + "Z"}]}},
         "plan must have at most 20,000 letters on this service, got 30,"),
        ({"skin": {"table": "/etc/passwd"}}, "plan: skin.table must be left out"),
        ({"scalp": {"regions": [{"mask": "../../secret.png"}]}}, "plan: scalp.regions[0].mask"),
        ({"scalp": {"regions": [{"svg_file": "x.svg"}]}}, "plan: scalp.regions[0].svg_file"),
        ({"hair": {"regions": [{"mask": "m.png"}]}}, "plan: hair.regions[0].mask"),
        ({"head": {"depth_map": "/dev/zero"}}, "plan: head.depth_map"),
    ],
)  # fmt: skip
def test_a_plan_that_asks_too_much(client: smp.Client, patch: dict[str, Any], says: str) -> None:
    with pytest.raises(smp.InputError) as caught:
        client.patch(client.plan().id, patch)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_of_the_plan_that_is_served_may_stay(tmp_path: Path, serve: Any) -> None:
    from PIL import Image

    Image.fromarray(np.tile(np.arange(0, 240, 4, dtype=np.uint8), (40, 1))).save(tmp_path / "m.png")
    text = {**SMALL, "scalp": {"extent_mm": [8, 6], "regions": [{"mask": "m.png"}]}}
    (tmp_path / "plan.json").write_text(json.dumps(text))
    plan = smp.load_plan(tmp_path / "plan.json")
    with serve(plan=plan) as url, smp.Client(url) as client:
        after = client.patch(client.plan().id, {"fullness": 0.8})
        (tmp_path / "full.json").write_text(json.dumps({**text, "fullness": 0.8}))
        drawn = smp.render(smp.load_plan(tmp_path / "full.json").scene(), 40.0)
        np.testing.assert_array_equal(client.window(None, 40.0, after.id), drawn)
        moved = {"scalp": {"regions": [{}, {"mask": "m.png"}]}}
        with pytest.raises(smp.InputError, match=r"regions\[1\].mask must be left out"):
            client.patch(after.id, moved)


def test_plans_that_no_longer_fit_are_dropped_but_never_the_first(serve: Any) -> None:
    with serve(Limits(plans_mib=0.01)) as url, smp.Client(url) as client:  # type: ignore[arg-type]
        first = client.upload(SMALL)
        for seed in range(1, 12):
            client.upload({**SMALL, "seed": seed})
        with pytest.raises(smp.InputError, match="POST it to /api/plans again"):
            client.plan(first.id)
        assert client.upload(SMALL).id == first.id
        assert client.plan().plan["seed"] == 3


@pytest.mark.parametrize("quoted", [
    "x = 'a.'\n", 'x = "\\"a."\n', "x = '''a.''''\n", 'x = """a.""""\n', "# it's \"a\n",
    'x = "\\\\"\n', "x = ['.', 1.5, \".\"]\n", 'x = """\\"""a"""\n', 'x = "# a"\n',
])  # fmt: skip
def test_dots_count_in_keys_alone_and_no_quotes_hide_them(quoted: str) -> None:
    long = ".".join(["a"] * 9000)
    text = quoted.replace("a", long if "#" not in quoted else "a.b")
    assert read_toml(text.encode()) == tomllib.loads(text)
    with pytest.raises(smp.InputError, match="at most 64 deep"):
        read_toml(f"{text}{long} = 1\n".encode())


def test_tables_of_plans_are_not_too_deep() -> None:
    given = "[" + ", ".join(f"[{k}.25, {k}.5]" for k in range(2000)) + "]"
    text = f"scalp.regions = [{{polygon_mm = {given}}}]\nsvg = 'M 1.5.5.5 {'L.1.1' * 300}'"
    assert read_toml(text.encode()) == tomllib.loads(text)
