"""How fast it is, measured in one run beside what it is compared with.

    python tests/benchmarks/run.py [--repeat 10] [--threads 1,2] [--only GROUP]

Within a table the variants take turns, so that whatever else the machine does meets all of
them; medians are reported. CPU is the time of all threads, which other programs on the
machine disturb least; ratios are of both. "plain torch" is the same network as an
nn.Module, "folded" with batch normalisation folded into the convolutions, as ONNX files
have it.
"""

from __future__ import annotations

import argparse
import copy
import os
import statistics
import sys
import tempfile
from pathlib import Path

import formats
import memory
import numpy as np
import onnxruntime
import steps
import torch
from big_files import checkpoints, in_one_file, spent, with_external_data
from captum.attr import LayerGradCam
from resnet50 import Bottleneck, ResNet50, export, resnet50
from squeezenet import squeezenet
from timing import (
    Variant,
    inferring,
    onnx_session,
    print_table,
    report,
    with_gradients,
    without_gradients,
)
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval
from vit import export as export_vit
from vit import vit
from windows import click, drop, first_paint

import netviz_desktop
from netviz_desktop import resource

_GROUPS = ("window", "files", "memory", "runs", "formats", "grad-cam", "steps")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--threads", default="1,2", help="thread counts, with commas")
    parser.add_argument("--only", choices=_GROUPS, help="one group of figures")
    options = parser.parse_args()
    groups = (options.only,) if options.only else _GROUPS
    print(
        f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}, {os.cpu_count()} cores"
    )
    module = resnet50()
    with tempfile.TemporaryDirectory() as folder:
        onnx = Path(folder, "resnet50.onnx")
        export(module, onnx)
        if "window" in groups:
            benchmark_window(onnx, options.repeat)
        if "files" in groups:
            benchmark_files(min(options.repeat, 5))
        in_formats = (
            formats.write(Path(folder)) if {"formats", "memory", "steps"} & {*groups} else {}
        )
        if "memory" in groups:
            memory.measure({"ONNX": onnx, **in_formats})
        if "steps" in groups:
            steps.measure({"ONNX": onnx, **in_formats, **checkpoints(Path(folder))})
        for threads in map(int, options.threads.split(",")):
            torch.set_num_threads(threads)
            if "runs" in groups:
                benchmark_runs(module, onnx, threads, options.repeat)
                benchmark_demo(threads, options.repeat)
                benchmark_vit(Path(folder), threads, options.repeat)
            if "formats" in groups:
                formats.measure(in_formats, threads, options.repeat)
            if "grad-cam" in groups:
                benchmark_grad_cam(module, onnx, threads, options.repeat)
    return 0


def benchmark_runs(module: ResNet50, onnx: Path, threads: int, repeat: int) -> None:
    x = torch.randn(1, 3, 224, 224)
    folded = fold(module)
    ours_onnx = netviz_desktop.open(onnx)
    judge = onnx_session(onnx, threads)
    array = x.numpy()
    ours_onnx.run(array)
    expected = judge.run(None, {"input": array})[0]
    difference = np.abs(ours_onnx.value(ours_onnx.graph.outputs[0]) - expected).max()
    difference /= np.abs(expected).max()
    print(f"\nlargest difference to onnxruntime: {difference:.1e} of the logits")
    report(
        f"ResNet-50, 224 px, {threads} thread(s): a run",
        {
            "plain torch, no_grad": without_gradients(module, x),
            "plain torch, no_grad, folded": without_gradients(folded, x),
            "plain torch, inference_mode, folded": inferring(folded, x),
            "plain torch, gradients of the input prepared": with_gradients(module, x),
            "plain torch, gradients prepared, folded": with_gradients(folded, x),
            "onnxruntime": lambda: judge.run(None, {"input": array}),
            "NetViz, ONNX, everything kept": lambda: ours_onnx.run(array),
        },
        repeat,
        against={
            "NetViz, ONNX, everything kept": (
                "plain torch, no_grad, folded",
                "plain torch, gradients prepared, folded",
                "onnxruntime",
            ),
        },
    )


def benchmark_demo(threads: int, repeat: int) -> None:
    path = resource.path(resource.DEMO_MODEL)
    array = np.random.default_rng(0).normal(size=(1, 3, 224, 224)).astype(np.float32)
    session, judge, module = (
        netviz_desktop.open(path),
        onnx_session(path, threads),
        squeezenet(path),
    )
    x = torch.from_numpy(array)
    plain, prepared, ours = (
        "plain torch, no_grad",
        "plain torch, gradients of the input prepared",
        "NetViz, ONNX, everything kept",
    )
    report(
        f"SqueezeNet 1.1 (demo), {threads} thread(s): a run",
        {
            plain: without_gradients(module, x),
            prepared: with_gradients(module, x),
            "onnxruntime": lambda: judge.run(None, {"input": array}),
            ours: lambda: session.run(array),
        },
        repeat,
        against={ours: (plain, prepared, "onnxruntime")},
    )


def benchmark_vit(folder: Path, threads: int, repeat: int) -> None:
    module, x = vit(), torch.randn(1, 3, 224, 224)
    array = x.numpy()
    plain, prepared = "plain torch, no_grad", "plain torch, gradients of the input prepared"
    variants: dict[str, Variant] = {
        plain: without_gradients(module, x),
        prepared: with_gradients(module, x),
    }
    against: dict[str, tuple[str, ...]] = {}
    for exporter in ("torchscript", "dynamo"):
        path = folder / f"vit-{exporter}.onnx"
        if not path.exists():
            export_vit(module, path, dynamo=exporter == "dynamo")
        session, judge = netviz_desktop.open(path), onnx_session(path, threads)
        ours, theirs = f"NetViz, {exporter} export, everything kept", f"onnxruntime, {exporter}"
        variants[theirs] = lambda judge=judge: judge.run(None, {"input": array})
        variants[ours] = lambda session=session: session.run(array)
        against[ours] = (plain, prepared, theirs)
    report(f"ViT-B/16, 224 px, {threads} thread(s): a run", variants, repeat, against)


def benchmark_grad_cam(module: ResNet50, onnx: Path, threads: int, repeat: int) -> None:
    x = torch.randn(1, 3, 224, 224)
    folded = fold(module)
    session = netviz_desktop.open(onnx)
    session.run(x.numpy())
    node, _ = session.default_layer()
    captum = LayerGradCam(module, module.layer4)
    found = session.explain("grad-cam", target=7).raw
    expected = captum.attribute(x, target=7, relu_attributions=False)[0, 0].detach().numpy()
    print(
        f"\nGrad-CAM at {node}: largest difference to captum {np.abs(found - expected).max():.1e}"
    )

    def everything() -> None:
        session.run(x.numpy())
        session.explain("grad-cam", target=7)

    plain, plain_folded = "a plain forward, no_grad", "a plain forward, no_grad, folded"
    total, cached = "NetViz: run and Grad-CAM", "NetViz: Grad-CAM of the cached run"
    judge = "captum LayerGradCam"
    report(
        f"ResNet-50, {threads} thread(s): Grad-CAM at the last stage",
        {
            plain: without_gradients(module, x),
            plain_folded: without_gradients(folded, x),
            judge: lambda: captum.attribute(x, target=7, relu_attributions=False),
            total: everything,
            cached: lambda: session.explain("grad-cam", target=7),
        },
        repeat,
        against={
            total: (plain_folded, plain, judge),
            cached: (plain_folded, plain),
            judge: (plain,),
        },
    )


def benchmark_window(onnx: Path, repeat: int) -> None:
    demo, image = resource.path(resource.DEMO_MODEL), resource.path(resource.DEMO_IMAGE)
    rows = {
        "command to visible window": [first_paint() for _ in range(repeat)],
        "dropped ResNet-50 to drawn graph, engine warm": drop(onnx, min(repeat, 5)),
        "click to filled docks, SqueezeNet, run cached": click(demo, image, 2 * repeat),
        "click to filled docks, ResNet-50, run cached": click(onnx, image, 2 * repeat),
    }
    print_table("The window, offscreen", rows)


def benchmark_files(repeat: int) -> None:
    """`netviz graph`, whose first seconds go into importing torch: see the demo's."""
    with tempfile.TemporaryDirectory() as folder:
        files = {
            "the demo, 5 MB": resource.path(resource.DEMO_MODEL),
            "2.4 GB of external data": with_external_data(Path(folder)),
            "2.4 GB in one file": in_one_file(Path(folder)),
            **checkpoints(Path(folder)),
        }
        found = {name: [] for name in files}
        for _ in range(repeat):
            for name, path in files.items():
                found[name].append(spent("graph", str(path)))
    print(f"\nnetviz graph\n{'':50} CPU median ms   least   peak MB")
    for name, all_spent in found.items():
        seconds = [one.cpu_seconds for one in all_spent]
        peak = max(one.peak_mb for one in all_spent)
        median = statistics.median(seconds) * 1000
        print(f"{name:50} {median:13.0f} {min(seconds) * 1000:7.0f} {peak:9.0f}")


def fold(module: ResNet50) -> ResNet50:
    """The same function with every batch normalisation folded into its convolution."""
    folded = copy.deepcopy(module)
    owners = [folded, *(m for m in folded.modules() if isinstance(m, Bottleneck))]
    for owner in owners:
        for index in "123":
            if hasattr(owner, f"bn{index}"):
                conv, norm = getattr(owner, f"conv{index}"), getattr(owner, f"bn{index}")
                setattr(owner, f"conv{index}", fuse_conv_bn_eval(conv, norm))
                setattr(owner, f"bn{index}", nn.Identity())
        if isinstance(owner, Bottleneck) and owner.downsample is not None:
            conv, norm = owner.downsample
            owner.downsample = nn.Sequential(fuse_conv_bn_eval(conv, norm))
    return folded


if __name__ == "__main__":
    sys.exit(main())
