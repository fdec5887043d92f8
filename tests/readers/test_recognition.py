"""Weights whose network nobody names: recognised by names and shapes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from netviz_desktop.problems import Problem
from netviz_desktop.readers import OpenedModel, Options, read
from netviz_desktop.readers._architectures import architectures
from netviz_desktop.readers._unfilled import UnfilledModule

Tensors = dict[str, torch.Tensor]


def made(name: str, **options: Any) -> nn.Module:
    torch.manual_seed(0)
    return architectures()[name].make(**options)


def saved(folder: Path, tensors: Tensors, name: str = "weights.safetensors") -> Path:
    path = folder / name
    save_file({key: tensor.contiguous() for key, tensor in tensors.items()}, path)
    return path


def filled(opened: OpenedModel) -> nn.Module:
    assert isinstance(opened.executable, UnfilledModule), opened.structure_only
    opened.executable.fill(lambda _done, _what: None)
    assert not any(p.is_meta for p in opened.executable.module.parameters())
    return opened.executable.module.eval()


def same_outputs(opened: OpenedModel, judge: nn.Module, channels: int = 3, side: int = 64) -> bool:
    x = torch.randn(1, channels, side, side)
    with torch.no_grad():
        return torch.allclose(filled(opened)(x), judge.eval()(x), atol=1e-6)


@pytest.mark.parametrize("suffix", ["safetensors", "pth"])
def test_published_weights_open_runnable_by_themselves(tmp_path: Path, suffix: str) -> None:
    net = made("torchvision: squeezenet1_1")
    path = tmp_path / f"weights.{suffix}"
    save_file(net.state_dict(), path) if suffix == "safetensors" else torch.save(
        net.state_dict(), path
    )
    opened = read(path)

    assert opened.structure_only is None
    assert opened.architecture == opened.architectures[0] == "torchvision: squeezenet1_1"
    assert opened.graph.metadata["architecture"] == "torchvision: squeezenet1_1"
    assert opened.weights.keys() == net.state_dict().keys()
    assert same_outputs(opened, net)


def test_other_classes_and_channels_are_no_obstacle(tmp_path: Path) -> None:
    net = made("torchvision: resnet18", num_classes=7, in_chans=1)
    opened = read(saved(tmp_path, net.state_dict()))

    assert opened.architecture == "torchvision: resnet18"
    assert same_outputs(opened, net, channels=1)


def test_a_vision_transformer_for_other_images_is_made_for_them(tmp_path: Path) -> None:
    net = made("timm: vit_tiny_patch16_224", img_size=96, num_classes=3)
    opened = read(saved(tmp_path, net.state_dict()))

    assert opened.architecture.startswith("timm: ")
    assert same_outputs(opened, net, side=96)


def test_the_variant_whose_own_size_fits_is_taken(tmp_path: Path) -> None:
    net = made("timm: vit_tiny_patch16_384")

    assert "384" in read(saved(tmp_path, net.state_dict())).architecture


@pytest.mark.parametrize("wrap", ["module.", "model.", "module.model.", "backbone.", "_orig_mod."])
def test_a_wrappers_prefix_is_left_out(tmp_path: Path, wrap: str) -> None:
    net = made("torchvision: squeezenet1_1")
    opened = read(saved(tmp_path, {wrap + n: t for n, t in net.state_dict().items()}))

    assert opened.architecture == "torchvision: squeezenet1_1"
    assert same_outputs(opened, net)


def test_a_lightning_checkpoint_opens_without_its_losses_weights(tmp_path: Path) -> None:
    net = made("torchvision: squeezenet1_1")
    state = {f"model.{n}": t for n, t in net.state_dict().items()} | {"loss.weight": torch.ones(9)}
    path = tmp_path / "last.ckpt"
    torch.save({"epoch": 3, "state_dict": state, "optimizer_states": [{"state": {}}]}, path)
    opened = read(path)

    assert same_outputs(opened, net)
    assert opened.graph.metadata["weights left out"].startswith("1,")


def test_averaged_weights_are_a_member_of_the_checkpoint(tmp_path: Path) -> None:
    plain, average = made("torchvision: squeezenet1_1"), made("torchvision: squeezenet1_1")
    nn.init.zeros_(average.classifier[1].weight)
    path = tmp_path / "checkpoint.pth.tar"
    torch.save({"state_dict": plain.state_dict(), "state_dict_ema": average.state_dict()}, path)
    opened = read(path)

    assert "state_dict_ema" in opened.graph.metadata["other weights (--member)"]
    assert same_outputs(opened, plain)
    assert same_outputs(read(path, Options(member="state_dict_ema")), average)
    with pytest.raises(Problem, match="no weights called “best”"):
        read(path, Options(member="best"))


def test_half_precision_weights_run_in_the_networks_own(tmp_path: Path) -> None:
    net = made("torchvision: squeezenet1_1")
    half = {n: t.to(torch.bfloat16) for n, t in net.state_dict().items()}
    opened = read(saved(tmp_path, half))

    net.load_state_dict(half)
    assert same_outputs(opened, net)
    assert opened.graph.metadata["computed"] == "bfloat16 in float32"
    name = next(iter(opened.weights))
    assert opened.weights[name]().dtype.name == "bfloat16"


def test_densenets_old_names_are_known(tmp_path: Path) -> None:
    net = made("torchvision: densenet121")
    old = {
        n.replace("norm1.", "norm.1.").replace("norm2.", "norm.2.")
        .replace("conv1.", "conv.1.").replace("conv2.", "conv.2.") if "denselayer" in n else n: t
        for n, t in net.state_dict().items()
        if "num_batches_tracked" not in n
    }  # fmt: skip
    opened = read(saved(tmp_path, old))

    assert opened.architecture == "torchvision: densenet121"
    assert same_outputs(opened, net)


def test_of_several_that_fit_the_files_own_name_tells(tmp_path: Path) -> None:
    state = made("timm: deit_tiny_patch16_224").state_dict()

    first = read(saved(tmp_path, state, "deit_tiny_patch16_224-a1311bcf.safetensors"))
    other = read(saved(tmp_path, state, "vit_tiny_patch16_224.safetensors"))
    assert first.architecture == "timm: deit_tiny_patch16_224"
    assert other.architecture == "timm: vit_tiny_patch16_224"
    assert first.architecture in other.architectures
    assert first.image is not None
    assert other.image is not None
    assert (first.image.mean[0], other.image.mean[0]) == (0.485, 0.5)


def test_what_timm_publishes_beside_its_weights_tells_more(tmp_path: Path) -> None:
    config = {
        "architecture": "deit_tiny_patch16_224",
        "pretrained_cfg": {
            "input_size": [3, 224, 224],
            "mean": [0.1] * 3,
            "std": [0.2] * 3,
            "crop_pct": 1.0,
        },
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    opened = read(saved(tmp_path, made("timm: deit_tiny_patch16_224").state_dict()))

    assert opened.architecture == "timm: deit_tiny_patch16_224"
    assert opened.image is not None
    assert (opened.image.resize, opened.image.mean) == (224, (0.1, 0.1, 0.1))


@pytest.mark.parametrize("said", ["[", "[1]", '{"architecture": 3}', '{"architecture": "x y"}'])
def test_a_foreign_config_does_no_harm(tmp_path: Path, said: str) -> None:
    (tmp_path / "config.json").write_text(said)
    net = made("torchvision: squeezenet1_1")

    assert same_outputs(read(saved(tmp_path, net.state_dict())), net)


def test_a_shape_that_nothing_could_hold_makes_nothing(tmp_path: Path) -> None:
    state = dict(made("torchvision: squeezenet1_1").state_dict())
    state["classifier.1.weight"] = torch.zeros(1).expand(2**40, 512, 1, 1)
    state["classifier.1.bias"] = torch.zeros(1).expand(2**40)
    path = tmp_path / "w.pth"
    torch.save(state, path)
    opened = read(path)

    assert opened.executable is None
    assert opened.structure_only is not None
    assert "squeezenet1_1, but they differ (2 of another shape" in opened.structure_only.what


def test_the_person_decides(tmp_path: Path) -> None:
    path = saved(tmp_path, made("torchvision: resnet18").state_dict())

    none = read(path, Options(architecture="none"))
    assert none.executable is None
    assert none.needs_code
    assert none.graph.node("conv1").op_type == "Conv2d"
    assert "torchvision: resnet18" in none.architectures
    for name in ("resnet18", "torchvision: resnet18", "torchvision/resnet18"):
        assert read(path, Options(architecture=name)).architecture == "torchvision: resnet18"
    with pytest.raises(Problem, match="do not fit torchvision's resnet34: 80 missing"):
        read(path, Options(architecture="resnet34"))
    with pytest.raises(Problem, match="“resnet” is no architecture that is known") as raised:
        read(path, Options(architecture="resnet"))
    assert "torchvision: resnet18" in raised.value.choices


def test_another_head_is_said_to_be_one(tmp_path: Path) -> None:
    net = made("torchvision: resnet18")
    net.fc = nn.Sequential(nn.Linear(512, 10), nn.ReLU(), nn.Linear(10, 2))  # type: ignore[assignment]
    opened = read(saved(tmp_path, net.state_dict()))

    assert opened.executable is None
    assert opened.structure_only is not None
    assert "look like those of torchvision's resnet18, but they differ (2 missing" in (
        opened.structure_only.what
    )
    assert "fc.0.weight" in opened.structure_only.what


def test_a_package_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the first block of ConvNeXt in timm's names is enough for nothing; the config names it
    (tmp_path / "config.json").write_text('{"architecture": "convnext_tiny"}')
    for name in [name for name in sys.modules if name.partition(".")[0] == "timm"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "timm", None)
    opened = read(saved(tmp_path, {"stem.0.weight": torch.zeros(96, 3, 4, 4)}))

    assert opened.structure_only is not None
    assert "look like those of timm's convnext_tiny, but timm is not installed" in (
        opened.structure_only.what
    )
    assert "pip install timm" in opened.structure_only.remedy
    assert opened.architectures == ("timm: convnext_tiny",)


@pytest.mark.parametrize(
    "name", "efficientnet_b0 mobilenet_v3_small shufflenet_v2_x0_5 googlenet swin_t".split()
)
def test_the_installed_torchvision_makes_what_does_not_come_along(
    tmp_path: Path, torchvision: Any, name: str
) -> None:
    torch.manual_seed(0)
    more = {"init_weights": False} if name == "googlenet" else {}
    net = torchvision.models.get_model(name, weights=None, num_classes=11, **more)
    opened = read(saved(tmp_path, net.state_dict()))

    assert opened.architecture == f"torchvision: {name}"
    assert opened.image is not None
    if name == "googlenet":
        net.transform_input = True  # as with its published weights
    assert same_outputs(opened, net, side=224)


@pytest.mark.parametrize(
    "name",
    "convnext_atto efficientnet_lite0 mixer_s32_224 levit_128s swinv2_cr_tiny_224".split(),
)
def test_the_installed_timm_makes_what_does_not_come_along(
    tmp_path: Path, timm: Any, name: str
) -> None:
    torch.manual_seed(0)
    net = timm.create_model(name, num_classes=11)
    opened = read(saved(tmp_path, net.state_dict(), f"{name}.safetensors"))

    assert opened.architecture == f"timm: {name}"
    assert opened.image is not None
    assert opened.image.side == net.default_cfg["input_size"][-1]
    assert same_outputs(opened, net, side=opened.image.side)
