"""Generators from strangers: found, checked before they are loaded, refused with a reason."""

import hashlib
import os
import random

import generators
import onnx
import pytest
from colorlab import errors
from colorlab.model import onnx_file, registry, verification
from onnx import TensorProto, helper

GOOD = generators.constant().SerializeToString()


# What is inside a file


def test_a_summary_counts_operators_and_reads_the_properties():
    summary = onnx_file.summarize(GOOD)
    assert summary.operators == {"AveragePool": 1, "Mul": 1, "Concat": 1, "Add": 1}
    assert summary.properties == generators.CARD.as_properties()
    assert (summary.domains, summary.external_tensors, summary.graphs) == ({""}, 0, 1)


def inner_graph(node, initializers=()):
    output = helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)
    return helper.make_graph([node], "inner", [], [output], initializer=list(initializers))


def conditional(then):
    """A generator that holds a graph inside of a node."""
    choose = helper.make_node("If", ["yes"], ["color2"], then_branch=then, else_branch=then)
    made = generators.constant()
    made.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    made.graph.node.insert(0, choose)
    return made


def external(tensor):
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../../etc/passwd"
    return tensor


def with_external_initializer():
    made = generators.constant()
    external(made.graph.initializer[1])
    return made


def with_external_constant_in_an_inner_graph():
    (tensor,) = generators.constants(value=0.5)
    return conditional(
        inner_graph(helper.make_node("Constant", [], ["inner"], value=external(tensor)))
    )


def with_external_sparse_initializer():
    made = generators.constant()
    values, indices = generators.constants(values=[1.0], indices=[0])
    made.graph.sparse_initializer.append(helper.make_sparse_tensor(external(values), indices, [4]))
    return made


def with_external_list_but_default_location():
    made = with_external_initializer()
    made.graph.initializer[1].data_location = TensorProto.DEFAULT
    return made


@pytest.mark.parametrize(
    "make",
    [
        with_external_initializer,
        with_external_constant_in_an_inner_graph,
        with_external_sparse_initializer,
        with_external_list_but_default_location,
    ],
)
def test_external_data_are_refused(make):
    with pytest.raises(errors.ModelIncompatibleError, match="in other files"):
        verification.load_bytes(make().SerializeToString())


def with_custom_node():
    made = generators.constant(domains=["evil.ops"])
    made.graph.node[1].domain = "evil.ops"
    return made


def with_custom_node_in_an_inner_graph():
    return conditional(inner_graph(helper.make_node("Do", [], ["inner"], domain="evil.ops")))


def with_custom_node_in_a_function():
    made = with_function()
    made.functions[0].node[0].domain = "evil.ops"
    return made


def with_function():
    """A generator with an operator that it defines itself out of standard ones."""
    made = generators.constant(domains=["own"])
    made.graph.node[1].op_type, made.graph.node[1].domain = "Times", "own"
    node = helper.make_node("Mul", ["x", "y"], ["z"])
    imports = [helper.make_opsetid("", 17)]
    made.functions.append(helper.make_function("own", "Times", ["x", "y"], ["z"], [node], imports))
    return made


@pytest.mark.parametrize(
    "make",
    [with_custom_node, with_custom_node_in_an_inner_graph, with_custom_node_in_a_function],
)
def test_custom_operators_are_refused(make):
    with pytest.raises(errors.ModelIncompatibleError, match=r"evil\.ops"):
        verification.load_bytes(make().SerializeToString())


def test_operators_that_the_model_defines_itself_are_allowed():
    assert verification.load_bytes(with_function().SerializeToString()).card == generators.CARD


def test_bombs_of_nested_graphs_are_refused():
    def field(number, data):  # the wire format: key, length, content
        size = len(data)
        return bytes([number << 3 | 2, size & 0x7F | 0x80, size >> 7]) + data

    graph = b""
    for _ in range(500):  # a graph (1: node) of a node (5: attribute) with a graph (6: g)
        graph = field(1, field(5, field(6, graph)))
    with pytest.raises(errors.ModelIncompatibleError, match="nested"):
        onnx_file.summarize(field(7, graph))


def test_the_walk_agrees_with_onnx_on_real_files():
    made = conditional(inner_graph(helper.make_node("Constant", [], ["inner"], value_float=1.0)))
    made.doc_string = "ü" * 1000
    data = made.SerializeToString()
    summary = onnx_file.summarize(data)
    again = onnx.load_from_string(data)
    assert summary.operators["If"] == 1
    assert summary.operators["Constant"] == 2
    assert sum(summary.operators.values()) == len(again.graph.node) + 2
    assert summary.properties == {entry.key: entry.value for entry in again.metadata_props}


def test_damaged_files_give_typed_errors_only():
    chance = random.Random(3)
    variants = [GOOD[:cut] for cut in range(len(GOOD))]
    for _ in range(3000):
        damaged = bytearray(GOOD)
        for _ in range(chance.choice((1, 1, 4))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        variants.append(bytes(damaged))
    refused = 0
    for variant in variants:
        try:
            verification.load_bytes(variant)
        except errors.ModelError:
            refused += 1
    assert refused > len(GOOD) * 0.9  # a cut between two fields is no damage that can be seen


@pytest.mark.parametrize("data", [b"", b"\0" * 50, b"\xff" * 50, b"GIF89a" * 10, b"<html></html>"])
def test_other_files_are_no_models(data):
    with pytest.raises(errors.ModelIncompatibleError, match="not an ONNX model"):
        verification.load_bytes(data)


def test_models_without_a_card_are_no_generators():
    with pytest.raises(errors.ModelIncompatibleError, match="no colorlab generator"):
        verification.load_bytes(generators.constant(about=None).SerializeToString())


# Checksums


def test_a_checksum_is_checked_before_anything_is_parsed(tmp_path):
    path = tmp_path / "m.onnx"
    path.write_bytes(b"anything but a model")
    with pytest.raises(errors.ModelIntegrityError, match="expected aaaa") as caught:
        verification.load(path, sha256="a" * 64)
    assert caught.value.path == str(path)


def test_checksums_that_fit_are_accepted_in_either_case():
    digest = hashlib.sha256(GOOD).hexdigest()
    assert verification.load_bytes(GOOD, sha256=digest.upper()).sha256 == digest
    with pytest.raises(errors.InvalidArgumentError, match="64 hexadecimal"):
        verification.load_bytes(GOOD, sha256="12")


def test_a_checksum_beside_the_file_is_checked(tmp_path):
    path = generators.save(generators.constant(), tmp_path / "m.onnx")
    beside = tmp_path / "m.onnx.sha256"
    beside.write_text(f"{hashlib.sha256(GOOD).hexdigest()}  m.onnx\n")
    assert verification.load(path).data == GOOD
    path.write_bytes(GOOD + b"\0")
    with pytest.raises(errors.ModelIntegrityError, match="SHA-256"):
        verification.load(path)
    beside.write_text("nonsense")
    with pytest.raises(errors.ModelIntegrityError, match="no SHA-256"):
        verification.load(path)


# Finding


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(errors.ModelNotFoundError) as caught:
        registry.load(tmp_path / "none.onnx")
    assert caught.value.path == str(tmp_path / "none.onnx")
    with pytest.raises(errors.ModelError, match="regular file"):
        registry.load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe.onnx")
    with pytest.raises(errors.ModelError, match="regular file"):
        registry.load(tmp_path / "pipe.onnx")


def test_unknown_names_list_what_is_there():
    with pytest.raises(errors.ModelNotFoundError, match=r"\./sepia\.onnx"):
        registry.load("sepia")


@pytest.mark.parametrize("model", ["", None, 7, 1.5])
def test_what_is_no_model_is_refused(model):
    with pytest.raises(errors.InvalidArgumentError, match="name, a path or bytes"):
        registry.load(model)


def test_a_path_that_reads_as_a_name_is_told_as_it_has_to_be_given(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.bin").write_bytes(b"")
    with pytest.raises(errors.ModelNotFoundError, match=r"as \./mine\.bin$"):
        registry.load("mine.bin")
    with pytest.raises(errors.ModelNotFoundError, match=r"as \./other\.onnx$"):
        registry.load("other")


def test_a_run_in_place_of_a_model_is_told_how_to_become_one(tmp_path):
    with pytest.raises(errors.ModelError, match="colorlab export"):
        registry.load(tmp_path)


def test_bundled_models_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_BUNDLED", tmp_path)
    assert registry.names() == []
    with pytest.raises(errors.ModelNotFoundError, match="no default generator") as caught:
        registry.load("default")
    assert "colorlab train" in caught.value.hint
    generators.save(generators.constant(), tmp_path / "default.onnx")
    generators.save(generators.constant(), tmp_path / "archive.onnx")
    assert registry.names() == ["default", "archive"]
    assert registry.card() == generators.CARD
    (row, _) = registry.describe()
    assert row["sha256"] == hashlib.sha256(GOOD).hexdigest()
    (tmp_path / "archive.onnx").write_bytes(b"damaged")
    assert registry.describe()[1]["error"] == "model_incompatible"


@pytest.mark.skipif("default" not in registry.names(), reason="no default generator is bundled")
def test_the_default_generator_keeps_its_promises():
    model = registry.load("default")
    assert len(model.data) <= 20_000_000
    assert model.card.licence
    assert model.card.training
    path = registry.find("default")
    assert path.with_name("default.onnx.sha256").is_file(), (
        "pin it: cd python/colorlab/bundled && sha256sum default.onnx > default.onnx.sha256"
    )
