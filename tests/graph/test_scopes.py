from __future__ import annotations

from collections.abc import Sequence

from netviz_desktop.graph import ModelGraph, Node, Parameter, Value
from netviz_desktop.graph.scopes import READABLE, Opened, Scope, Scopes, Visible

WEIGHT = Parameter("w", (4, 4), "float32", "weight")


def node(path: str, *inputs: str, op: str = "Op", weights: Sequence[Parameter] = ()) -> Node:
    """ "a.b.op" computes the value of its own name, in the scope a › b."""
    return Node(path, op, "", path, tuple(path.split(".")[:-1]), inputs, (path,), {}, (*weights,))


def model(*nodes: Node, inputs: Sequence[str] = ("x",), outputs: Sequence[str] = ()) -> ModelGraph:
    values = {n.id: Value(n.id, (1, len(n.id)), "float32") for n in nodes}
    return ModelGraph(
        "ONNX",
        "m",
        (*inputs,),
        (*outputs,) or (nodes[-1].id,),
        nodes,
        values,
        {},
        {"enc.0": "Block"},
    )


def blocks(count: int) -> ModelGraph:
    """A stem, `count` equal residual blocks and a head; all blocks read one mask."""
    nodes, at = [node("mask", "x"), node("stem", "x")], "stem"
    for i in range(count):
        weight = Parameter(f"w{i}", (4, 4), "float32")
        nodes += [
            node(f"enc.{i}.norm", at),
            node(f"enc.{i}.fc", f"enc.{i}.norm", f"w{i}", weights=[weight]),
            node(f"enc.{i}.add", at, f"enc.{i}.fc", "mask"),
        ]
        at = f"enc.{i}.add"
    return model(*nodes, node("head", at))


def seen(visible: Visible) -> list[str]:
    return [b.name if isinstance(b, Scope) else b.id for b in visible.boxes]


def links(visible: Visible) -> set[tuple[str, str, int]]:
    def name(box: str) -> str:
        return box.replace("scope\n", "").replace("\n", ".")

    return {(name(link.source), name(link.target), link.times) for link in visible.links}


def closed(graph: ModelGraph) -> Visible:
    return Scopes(graph).visible(Opened())


def test_a_closed_scope_is_one_box_and_its_lines_are_lifted() -> None:
    graph = model(
        node("stem", "x"),
        node("body.a", "stem"),
        node("body.b", "stem", "body.a"),
        node("add", "stem", "body.b"),
    )

    visible = closed(graph)

    assert seen(visible) == ["stem", "body", "add"]
    assert links(visible) == {
        ("in.x", "stem", 1),
        ("stem", "body", 2),
        ("stem", "add", 1),
        ("body", "add", 1),
        ("add", "out.add", 1),
    }


def test_an_open_scope_is_a_frame_around_its_boxes() -> None:
    graph = model(node("body.a", "x"), node("body.b", "body.a"), node("c", "body.b"))
    scopes = Scopes(graph)

    visible = scopes.visible(scopes.everything())

    assert seen(visible) == ["body.a", "body.b", "c"]
    assert [frame.name for frame in visible.frames] == ["body"]
    assert visible.frame_of == dict.fromkeys(("body.a", "body.b"), visible.frames[0].id)


def test_the_same_value_read_twice_by_a_node_stays_two_lines() -> None:
    visible = closed(model(node("a", "x"), node("b", "a", "a")))

    assert sorted(link[:2] for link in visible.links)[:2] == [("a", "b"), ("a", "b")]


def test_a_scope_of_one_node_is_that_node() -> None:
    visible = closed(model(node("body.conv.op", "x"), node("head.op", "body.conv.op")))

    assert seen(visible) == ["body.conv.op", "head.op"]


def test_a_scope_that_only_holds_another_is_that_one() -> None:
    graph = model(node("a", "x"), node("net.enc.p", "a"), node("net.enc.q", "net.enc.p"))
    scopes = Scopes(graph)

    (scope,) = scopes.all[1:]
    assert (scope.name, scope.path) == ("net.enc", ("net", "enc"))


def test_what_is_in_a_scope_of_everything_has_no_frame() -> None:
    scopes = Scopes(model(node("net.a", "x"), node("net.b", "net.a")))

    assert scopes.all[1:] == []
    assert seen(scopes.visible(Opened())) == ["net.a", "net.b"]


def test_what_crosses_a_scope_is_known() -> None:
    scopes = Scopes(blocks(1))
    scope = scopes.all[1]

    assert scopes.inputs(scope) == ("stem", "mask")
    assert scopes.outputs(scope) == ("enc.0.add",)
    found = scopes.output(scope)
    assert found is not None
    assert (found[0].id, found[1].shape) == ("enc.0.add", (1, 9))
    assert scopes.parameters(scope) == 16


def test_shared_parameters_count_once_and_buffers_not_at_all() -> None:
    buffer = Parameter("mean", (100,), "float32", buffer=True)
    graph = model(
        node("s.a", "x", weights=[WEIGHT, buffer]), node("s.b", "s.a", weights=[WEIGHT]),
        node("c", "s.b"),
    )  # fmt: skip

    scopes = Scopes(graph)

    assert scopes.parameters(scopes.all[1]) == 16


def test_equal_blocks_in_a_row_fold_into_one_box() -> None:
    visible = closed(blocks(12))

    assert seen(visible) == ["mask", "stem", "enc.0 – 11", "head"]
    (run,) = (box for box in visible.boxes if isinstance(box, Scope))
    assert (len(run.members), run.count) == (12, 36)


def test_beside_others_a_run_stands_in_their_scope() -> None:
    graph = blocks(4)
    scopes = Scopes(model(*graph.nodes, node("enc.norm", "head")))

    visible = scopes.visible(scopes.to_level(1))

    assert [frame.name for frame in visible.frames] == ["enc"]
    assert seen(visible) == ["mask", "stem", "enc.0 – 3", "head", "enc.norm"]


def test_a_run_opens_at_one_member_with_the_rest_folded() -> None:
    scopes = Scopes(blocks(12))
    run, member = scopes.around("enc.4.fc")

    visible = scopes.visible(Opened(frozenset({run.id, member.id}), {run.id: 4}))

    assert seen(visible) == [
        "mask", "stem", "enc.0 – 3", "enc.4.norm", "enc.4.fc", "enc.4.add", "enc.5 – 11",
        "head",
    ]  # fmt: skip
    assert [box.count for box in visible.boxes if isinstance(box, Scope)] == [12, 21]
    assert scopes.kind(run) == scopes.kind(scopes.all[2]) == "Block"


def test_stepping_to_either_end_leaves_nothing_out() -> None:
    scopes = Scopes(blocks(5))
    run = next(scope for scope in scopes.all if scope.members)
    around = frozenset(scope.id for scope in scopes.all[1:])

    for step, folded in ((0, [12]), (1, [9]), (4, [12])):
        visible = scopes.visible(Opened(around, {run.id: step}))
        assert [b.count for b in visible.boxes if isinstance(b, Scope)] == folded


def test_siblings_that_differ_or_stand_side_by_side_do_not_fold() -> None:
    other = Parameter("v", (4, 5), "float32")
    series = blocks(3)
    nodes = [
        node.__class__(**{**vars(node), "parameters": (other,)}) if node.id == "enc.1.fc" else node
        for node in series.nodes
    ]
    parallel = model(
        *(n for k in "qkv" for n in (node(f"att.{k}.a", "x"), node(f"att.{k}.b", f"att.{k}.a"))),
        node("join", "att.q.b", "att.k.b", "att.v.b"),
    )

    for graph in (model(*nodes), parallel):
        assert not any(scope.members for scope in Scopes(graph).all)


def test_blocks_with_something_between_them_do_not_fold() -> None:
    nodes, at = [], "x"
    for i in range(4):
        nodes += [
            node(f"b.{i}.p", at),
            node(f"b.{i}.q", f"b.{i}.p"),
            node(f"between{i}", f"b.{i}.q"),
        ]
        at = f"between{i}"

    assert not any(scope.members for scope in Scopes(model(*nodes)).all)


def test_a_list_of_modules_that_the_flow_leaves_and_enters_again_is_no_scope() -> None:
    """As the stages of a U-Net, with the pooling between them."""
    nodes, at = [], "x"
    for i in range(3):
        nodes += [node(f"down.{i}.conv", at), node(f"down.{i}.relu", f"down.{i}.conv")]
        nodes.append(node(f"pool{i}", f"down.{i}.relu"))
        at = f"pool{i}"
    # the branches of a head leave it, too, but nothing of what leaves comes back
    for i in range(2):
        nodes += [node(f"head.{i}.conv", at), node(f"head.{i}.relu", f"head.{i}.conv")]
        nodes.append(node(f"sigmoid{i}", f"head.{i}.relu"))

    scopes = Scopes(model(*nodes))

    assert [scope.name for scope in scopes.all[1:]] == [
        "down.0",
        "down.1",
        "down.2",
        "head",
        "head.0",
        "head.1",
    ]
    assert {scope.depth for scope in scopes.all[1:4]} == {0}


def test_a_module_with_operations_of_its_own_stays_one_when_it_is_called_in_parts() -> None:
    nodes = [
        node("net.add", "x", op="Add"),
        node("between", "net.add"),
        node("net.sub", "between", op="Sub"),
    ]

    assert [scope.name for scope in Scopes(model(*nodes)).all[1:]] == ["net"]


def test_a_small_model_opens_whole_and_a_large_one_readable() -> None:
    small, large = Scopes(blocks(10)), Scopes(blocks(2000))

    assert len(small.visible(small.readable()).boxes) == 33
    boxes = large.visible(large.readable()).boxes
    assert 5 <= len(boxes) <= READABLE
    assert "enc.0.fc" in [box.id for box in boxes]


def test_levels_open_from_the_outside_in() -> None:
    graph = model(
        node("a.b.c.p", "x"), node("a.b.c.q", "a.b.c.p"), node("a.b.r", "a.b.c.q"),
        node("a.s", "a.b.r"), node("t", "a.s"),
    )  # fmt: skip
    scopes = Scopes(graph)

    found = [seen(scopes.visible(scopes.to_level(level))) for level in range(4)]

    assert found == [
        ["a", "t"],
        ["b", "a.s", "t"],
        ["c", "a.b.r", "a.s", "t"],
        ["a.b.c.p", "a.b.c.q", "a.b.r", "a.s", "t"],
    ]


def test_a_node_can_be_brought_into_view() -> None:
    scopes = Scopes(blocks(40))

    visible = scopes.visible(scopes.opened_to("enc.30.fc", Opened()))

    assert "enc.30.fc" in seen(visible)
    assert len(visible.boxes) < 12


def test_names_that_join_to_the_same_text_are_different_scopes() -> None:
    nodes = [
        Node(f"{i}{k}", "Op", "", "", scope, (), (f"{i}{k}",))
        for i, scope in enumerate([("a\nb",), ("a", "b"), ("a\\nb",)])
        for k in range(2)
    ]

    assert len({scope.id for scope in Scopes(model(*nodes, node("end"))).all}) == 4


def test_scopes_nested_a_thousand_deep_are_no_trouble() -> None:
    nodes = [
        Node(f"{d}.{k}", "Op", "", "", tuple("abc"[i % 3] for i in range(d)), (), (f"{d}.{k}",))
        for d in range(1000)
        for k in range(2)
    ]

    scopes = Scopes(model(*nodes))

    assert len(scopes.visible(scopes.everything()).frames) == 999


def test_calls_of_one_module_at_several_places_are_no_scope() -> None:
    graph = model(
        node("block.conv1", "x"),
        node("block.relu.a", "block.conv1", op="Relu"),
        node("block.conv2", "block.relu.a"),
        node("block.relu.b", "block.conv2", op="Relu"),
        node("head", "block.relu.b"),
    )

    scopes = Scopes(graph)

    assert [scope.name for scope in scopes.all[1:]] == ["block"]
    assert scopes.around("block.relu.b") == [scopes.by_id["scope\nblock"]]


def test_a_run_that_is_all_of_a_scope_has_each_name_of_its_path_once() -> None:
    nodes, at = [node("stem", "x")], "stem"
    for i in range(3):
        nodes += [
            node(f"encoder.layers.{i}.a", at),
            node(f"encoder.layers.{i}.b", f"encoder.layers.{i}.a"),
        ]
        at = f"encoder.layers.{i}.b"

    assert Scopes(model(*nodes)).all[1].name == "encoder.layers.0 – 2"


def prepared() -> ModelGraph:
    """An LSTM whose weights are cut and joined from stored ones."""
    weight = Parameter("w", (4, 4), "float32")
    cut = [node(f"rnn.slice{i}", "w", weights=[weight]) for i in range(3)]
    return model(
        node("stem", "x"),
        *cut,
        node("rnn.concat", *(n.id for n in cut)),
        node("rnn.lstm", "stem", "rnn.concat", op="LSTM"),
        node("rnn.relu", "rnn.lstm"),
        node("head", "rnn.relu"),
    )


def test_what_prepares_the_weights_of_one_node_opens_as_one_closed_box_beside_it() -> None:
    scopes = Scopes(prepared())
    visible = scopes.visible(scopes.readable())
    assert seen(visible) == ["stem", "weights of LSTM", "rnn.lstm", "rnn.relu", "head"]
    assert ("rnn.weights of LSTM", "rnn.lstm", 1) in links(visible)
    assert len(scopes.visible(scopes.everything()).boxes) == len(scopes.graph.nodes)


def test_weights_that_two_nodes_read_or_that_the_model_gives_back_stay_where_they_are() -> None:
    graph = prepared()
    read_twice = (*graph.nodes, node("rnn.other", "rnn.concat", "head"))
    for changed in (model(*read_twice), model(*graph.nodes, outputs=("head", "rnn.concat"))):
        assert not any(scope.of_weights for scope in Scopes(changed).all)


def test_a_model_without_inputs_has_no_weights_that_are_prepared() -> None:
    chain = [node("a"), node("b", "a"), node("c", "b"), node("d", "c")]
    assert not any(scope.of_weights for scope in Scopes(model(*chain, inputs=())).all)
