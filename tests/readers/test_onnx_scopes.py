import onnx

from netviz_desktop.readers._onnx_scopes import classes, scope_of


def _node(name="", **noted: str) -> onnx.NodeProto:
    node = onnx.helper.make_node("Relu", ["x"], ["y"], name=name)
    for key, value in noted.items():
        node.metadata_props.add(key=f"pkg.torch.onnx.{key}", value=value)
    return node


def test_torch_notes_the_modules_around_a_node_and_their_classes():
    node = _node(
        name_scopes="['', 'features', 'features.3', 'relu_1']",
        class_hierarchy="['net.Net', 'torch.nn.modules.container.Sequential', 'net.Fire', 'aten']",
    )

    assert scope_of(node) == ("features", "3")
    assert classes([node]) == {"features": "Sequential", "features.3": "Fire"}


def test_a_node_of_the_whole_model_has_no_scope():
    assert scope_of(_node("a/b", name_scopes="['', 'relu']")) == ()
    assert scope_of(_node("a/b", name_scopes="['relu']")) == ()


def test_where_torch_noted_something_else_the_name_tells_the_scope():
    for noted in ("", "[", "{'a', 'b'}", "[1, 2]", "__import__('os'), 1"):
        node = _node("/layer1/layer1.0/Relu", name_scopes=noted, class_hierarchy=noted)

        assert scope_of(node) == ("layer1", "0")
        assert classes([node]) == {}
