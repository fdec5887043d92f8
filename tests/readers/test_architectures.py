"""Networks that come along: torchvision's and timm's own are the judges."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from netviz_desktop.readers._architectures import architectures
from netviz_desktop.readers._installed import of_timm
from netviz_desktop.readers._unfilled import assign, shapes_of, unfilled

ALL = sorted(architectures())
RUN = [  # one of each way to be built, none of them large
    "torchvision: alexnet",
    "torchvision: vgg11_bn",
    "torchvision: squeezenet1_0",
    "torchvision: squeezenet1_1",
    "torchvision: resnet18",
    "torchvision: resnext50_32x4d",
    "torchvision: wide_resnet50_2",
    "torchvision: mobilenet_v2",
    "torchvision: densenet121",
    "torchvision: vit_b_32",
    "timm: vit_tiny_patch16_224",
    "timm: vit_small_patch32_384",
    "timm: deit_tiny_distilled_patch16_224",
]


@pytest.fixture
def original(request: pytest.FixtureRequest) -> Any:
    """Makes the publisher's own network."""

    def make(name: str, **options: Any) -> torch.nn.Module:
        package, _, model = name.partition(": ")
        library = request.getfixturevalue(package)
        if package == "timm":
            return library.create_model(model, **options)
        return library.models.get_model(model, weights=None, **options)

    return make


@pytest.mark.parametrize("name", ALL)
def test_names_and_shapes_are_the_publishers(name: str, original: Any) -> None:
    own = unfilled(architectures()[name].make)

    assert shapes_of(own) == shapes_of(unfilled(lambda: original(name)))


@pytest.mark.parametrize("name", RUN)
def test_outputs_are_the_publishers(name: str, original: Any) -> None:
    torch.manual_seed(0)
    judge = original(name, num_classes=5).eval()
    own = unfilled(architectures()[name].make, num_classes=5).eval()
    assign(own, judge.state_dict(), lambda _done, _what: None)
    side = architectures()[name].image.side
    x = torch.randn(1, 3, side, side)

    with torch.no_grad():
        torch.testing.assert_close(own(x), judge(x), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in ALL if name.startswith("timm")])
def test_images_are_prepared_as_timm_does(name: str, timm: Any) -> None:
    config = timm.get_pretrained_cfg(name.partition(": ")[2]).to_dict()
    own = architectures()[name].image
    if config["crop_pct"] is None or config.get("tag") == "untrained":
        pytest.skip("timm has no weights of it")

    found = of_timm(config)
    assert found is not None
    assert (own.side, own.mean, own.std) == (found.side, found.mean, found.std)
    assert own.resize == found.resize
