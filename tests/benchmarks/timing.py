"""Variants that take turns, timed; and what they are compared with."""

from __future__ import annotations

import copy
import gc
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import onnxruntime
import torch
from torch import nn

Variant = Callable[[], object]


def report(
    title: str,
    variants: dict[str, Variant],
    repeat: int,
    against: dict[str, tuple[str, ...]],
) -> None:
    for variant in variants.values():
        variant()  # the first is another story
    seconds: dict[str, list[float]] = {name: [] for name in variants}
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    gc.collect()
    for _ in range(repeat):
        for name, variant in variants.items():
            start, cpu_start = time.perf_counter(), time.process_time()
            variant()
            cpu[name].append(time.process_time() - cpu_start)
            seconds[name].append(time.perf_counter() - start)
    print_table(title, seconds, cpu)
    middle = {name: statistics.median(found) for name, found in seconds.items()}
    middle_cpu = {name: statistics.median(found) for name, found in cpu.items()}
    for name, peers in against.items():
        for peer in peers:
            ratio, cpu_ratio = middle[name] / middle[peer], middle_cpu[name] / middle_cpu[peer]
            print(f"  {name} = {ratio:.2f} (CPU {cpu_ratio:.2f}) × {peer}")


def print_table(
    title: str, seconds: dict[str, list[float]], cpu: dict[str, list[float]] | None = None
) -> None:
    print(f"\n{title}\n{'':50}  median ms    least   greatest" + (" CPU median ms" if cpu else ""))
    for name, found in seconds.items():
        text = f"{statistics.median(found) * 1000:10.1f} {min(found) * 1000:8.1f}"
        text += f" {max(found) * 1000:10.1f}"
        text += f" {statistics.median(cpu[name]) * 1000:13.1f}" if cpu else ""
        print(f"{name:50} {text}")
    sys.stdout.flush()


def without_gradients(module: nn.Module, x: torch.Tensor) -> Variant:
    return torch.no_grad()(lambda: module(x))


def inferring(module: nn.Module, x: torch.Tensor) -> Variant:
    return torch.inference_mode()(lambda: module(x))


def with_gradients(module: nn.Module, x: torch.Tensor) -> Variant:
    frozen = copy.deepcopy(module).requires_grad_(False)
    return lambda: frozen(x.clone().requires_grad_())


def onnx_session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # its threads would keep a core busy while whoever comes next is measured
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
