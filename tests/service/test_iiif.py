"""The IIIF Image API: what viewers of others ask for."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from PIL import Image

import smpengine as smp
from smpengine.service.iiif import region_of, size_of
from smpengine.service.problems import Problem


def picture(answer: httpx.Response) -> np.ndarray:
    assert answer.status_code == 200, answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)))


@pytest.fixture(scope="module")
def base(url: str) -> str:
    return f"{url}/iiif/{httpx.get(f'{url}/api/plan').json()['id']}"


def test_an_image_describes_itself(base: str) -> None:
    answer = httpx.get(f"{base}/info.json")
    told = answer.json()
    assert told["@context"] == "http://iiif.io/api/image/3/context.json"
    assert told["id"] == base
    assert (told["type"], told["profile"]) == ("ImageService3", "level1")
    assert (told["width"], told["height"]) == (960, 720)
    assert told["tiles"] == [{"width": 256, "scaleFactors": [1, 2, 4]}]
    assert {"width": 240, "height": 180} in told["sizes"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert 'rel="profile"' in answer.headers["link"]
    linked = httpx.get(f"{base}/info.json", headers={"Accept": "application/ld+json"})
    assert linked.headers["content-type"].startswith("application/ld+json")
    pointed = httpx.get(base)
    assert pointed.status_code == 303
    assert pointed.headers["location"].endswith("/info.json")


def test_regions_and_sizes_are_what_render_gives(base: str, plan: smp.Plan) -> None:
    scene = plan.scene()
    whole = smp.render(scene, 40.0)
    cases = [
        ("full/max", whole),
        ("100,50,300,200/max", whole[50:250, 100:400]),
        ("square/max", whole[:, 120:840]),
        ("pct:25,50,50,25/max", whole[360:540, 240:720]),
        ("800,600,900,900/max", whole[600:, 800:]),
        ("full/480,", smp.render(scene, 20.0)),
        ("full/,180", smp.render(scene, 10.0)),
        ("full/pct:50", smp.render(scene, 20.0)),
        ("full/!480,900", smp.render(scene, 20.0)),
        ("256,256,256,256/256,256", whole[256:512, 256:512]),
        ("512,512,448,208/224,104", smp.render(scene, 20.0)[256:, 256:]),
        ("0,0,200,160/^400,", smp.render(scene, 80.0, (0, 0, 5, 4))),
    ]
    for path, expected in cases:
        np.testing.assert_array_equal(picture(httpx.get(f"{base}/{path}/0/default.png")), expected)


def test_sizes_of_another_shape_are_stretched(base: str) -> None:
    found = picture(httpx.get(f"{base}/full/300,100/0/color.png"))
    assert found.shape == (100, 300, 3)


def test_a_look_goes_into_the_name(base: str, plan: smp.Plan) -> None:
    found = picture(httpx.get(f"{base};day=30;exposure=1.5/0,0,200,200/max/0/default.png"))
    own = smp.render(plan.scene(30.0), 40.0, (0, 0, 5, 5), exposure=1.5)
    np.testing.assert_array_equal(found, own)
    bare = picture(httpx.get(f"{base};sessions=/0,0,200,200/max/0/default.png"))
    np.testing.assert_array_equal(bare, smp.render(smp.clean(plan.scene()), 40.0, (0, 0, 5, 5)))


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("0,0,10,10/max/90/default.jpg", 400, "rotation must be 0"),
        ("0,0,10,10/max/0/grey.jpg", 400, "quality must be default or color"),
        ("0,0,10,10/max/0/default.tif", 400, "format must be one of png, jpg, webp"),
        ("0,0,10/max/0/default.jpg", 400, "region must be full"),
        ("0,0,0,10/max/0/default.jpg", 400, "region must lie within 960 x 720"),
        ("2000,0,10,10/max/0/default.jpg", 400, "region must lie within"),
        ("nan,0,10,10/max/0/default.jpg", 400, "region must be full"),
        ("full/2000,/0/default.jpg", 400, "size must be at most 960,720, or begin with ^"),
        ("full/^99999,/0/default.jpg", 413, "picture must have at most 16 million pixels"),
        ("full/0,/0/default.jpg", 400, "size must be max"),
        ("full/,/0/default.jpg", 400, "size must be max"),
        ("full/!5/0/default.jpg", 400, "size must be max"),
        ("full/99999999999,/0/default.jpg", 400, "size must be max"),
    ],
)
def test_what_cannot_be_is_said(base: str, path: str, status: int, says: str) -> None:
    answer = httpx.get(f"{base}/{path}")
    assert answer.status_code == status, answer.text
    assert says in answer.json()["errors"][0]


def test_names_that_are_none(url: str, base: str) -> None:
    assert httpx.get(f"{url}/iiif/none/info.json").status_code == 404
    assert httpx.get(f"{base};colour=3/info.json").status_code == 400
    assert httpx.get(f"{base};day=soon/info.json").status_code == 422


def test_regions_and_sizes_by_themselves() -> None:
    assert region_of("pct:0,0,100,100", (961, 721)) == (0, 0, 961, 721)
    assert size_of("!100,100", (0, 0, 400, 200)) == (100, 50)
    assert size_of("^max", (0, 0, 40, 20)) == (40, 20)
    with pytest.raises(Problem):
        size_of("pct:200", (0, 0, 40, 20))
