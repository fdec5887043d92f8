"""One network in every format: what it computes, the gradients and Grad-CAM are those of the
plain module under hooks, to 1e-4 of the largest number."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from torch import Tensor

from netviz_desktop.engine.session import Session
from netviz_desktop.readers import Options

TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def session(network, written, kind) -> Session:
    session = Session("cpu")
    code = network.factory if kind == "state_dict.pth" else None
    session.open(written(kind), Options(trust=True, model_code=code))
    assert session.structure_only is None
    session.run(network.x.numpy())
    return session


def test_the_output_is_the_modules_own(session, network):
    (name,) = session.graph.outputs
    assert close(torch.from_numpy(session.value(name)), network.seen.output)
    assert session.predicted_target() == network.seen.target


def test_every_modules_output_is_at_a_node_and_so_is_its_gradient(session, network):
    wrong, missing = [], []
    gradients = session.last.gradients(network.seen.target)
    for path, activation in network.seen.activations.items():
        names = [
            name
            for name, recorded in session.last.values.items()
            if close(recorded.tensor, activation)
        ]
        if not names:
            missing.append(path)
            continue
        wanted = network.seen.gradients.get(path, torch.zeros_like(activation))
        if not any(close(gradients.get(name, torch.zeros(())), wanted) for name in names):
            wrong.append(path)
    assert wrong == []
    assert missing == []


def test_grad_cam_is_that_of_the_paper(session, network):
    wanted = network.seen.activations[network.layer]
    expected = network.seen.grad_cam(network.layer)
    maps = [
        session.explain("grad-cam", node=node.id).raw
        for node in session.graph.nodes
        if node.outputs and close(session.last.values[node.outputs[0]].tensor, wanted)
    ]
    assert any(close(torch.from_numpy(np.asarray(found)), expected) for found in maps)


def test_the_nodes_are_the_same_before_and_after_a_run(session):
    before = {node.id for node in session.graph_as_opened.nodes}
    assert before == {node.id for node in session.graph.nodes}


def test_a_run_that_is_over_is_freed_without_a_look_for_garbage(session, network):
    gc.collect()
    gc.disable()
    try:
        session.run(network.x.numpy())
        kept = [weakref.ref(recorded.tensor) for recorded in session.last.values.values()]
        session.run(network.x.numpy())
        assert not any(reference() is not None for reference in kept)
    finally:
        gc.enable()


def close(found: Tensor, wanted: Tensor) -> bool:
    if found.shape != wanted.shape or not found.is_floating_point():
        return False
    return bool((found - wanted).abs().max() <= TOLERANCE * wanted.abs().max())
