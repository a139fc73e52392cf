"""The card of a generator: written, read back, and refused when it is wrong."""

import dataclasses
import math

import onnx
import pytest
from colorlab import errors
from colorlab.model import card
from colorlab.model.card import ModelCard
from onnx import TensorProto, helper

FULL = ModelCard(
    name="größer",
    version="2.1",
    ab_scale=110.5,
    stride=32,
    default_size=224,
    licence="MIT",
    training={"data": {"crop": 128}, "rate": 1e-3},
    data_hash="ab" * 32,
    metrics={"psnr": 22.1, "by_source": {"val": [1, 2]}},
)


def empty_model():
    lightness = helper.make_tensor_value_info("lightness", TensorProto.FLOAT, ["n", 1, "h", "w"])
    ab = helper.make_tensor_value_info("ab", TensorProto.FLOAT, ["n", 2, "h", "w"])
    node = helper.make_node("Concat", ["lightness", "lightness"], ["ab"], axis=1)
    return helper.make_model(helper.make_graph([node], "g", [lightness], [ab]))


def test_a_card_survives_an_onnx_file(tmp_path):
    model = empty_model()
    card.attach(model, FULL)
    onnx.save(model, tmp_path / "m.onnx")
    again = onnx.load(tmp_path / "m.onnx")
    properties = {entry.key: entry.value for entry in again.metadata_props}
    assert properties["colorlab.format"] == "1"
    assert ModelCard.from_properties(properties) == FULL


def test_attaching_replaces_the_old_card_and_keeps_other_properties():
    model = empty_model()
    for key, value in (("author", "me"), ("colorlab.name", "old"), ("colorlab.gone", "x")):
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    card.attach(model, FULL)
    properties = [(entry.key, entry.value) for entry in model.metadata_props]
    assert len(properties) == len(dict(properties))
    assert dict(properties) == {"author": "me"} | FULL.as_properties()


@pytest.mark.parametrize(
    "values",
    [
        {"name": 5},
        {"version": None},
        {"ab_scale": "110"},
        {"stride": "8"},
        {"stride": 8.5},
        {"default_size": "large"},
    ],
)
def test_values_of_other_types_are_refused(values):
    with pytest.raises(
        errors.InvalidArgumentError, match=f"a model card's {next(iter(values))} must be"
    ):
        dataclasses.replace(FULL, **values)


def test_optional_properties_have_defaults():
    short = {
        f"colorlab.{key}": value
        for key, value in {
            "format": "1",
            "name": "n",
            "version": "1",
            "ab_scale": "110",
            "stride": "8",
        }.items()
    }
    assert ModelCard.from_properties(short) == ModelCard("n", "1", 110.0, 8, default_size=256)


@pytest.mark.parametrize("missing", ["name", "version", "ab_scale", "stride"])
def test_a_missing_property_is_named(missing):
    properties = FULL.as_properties()
    del properties[f"colorlab.{missing}"]
    with pytest.raises(errors.ModelIncompatibleError, match=f"colorlab.{missing}") as caught:
        ModelCard.from_properties(properties, path="m.onnx")
    assert caught.value.path == "m.onnx"


def test_files_without_a_card_and_of_other_formats_are_refused():
    with pytest.raises(errors.ModelIncompatibleError, match="no colorlab generator"):
        ModelCard.from_properties({"author": "me"})
    with pytest.raises(errors.ModelIncompatibleError, match='format "2"'):
        ModelCard.from_properties(FULL.as_properties() | {"colorlab.format": "2"})


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("ab_scale", "wide"),
        ("ab_scale", "0"),
        ("ab_scale", "nan"),
        ("ab_scale", "1e9"),
        ("stride", "0"),
        ("stride", "-8"),
        ("stride", "1.5"),
        ("stride", "1000000"),
        ("default_size", "16"),
        ("default_size", "1000000"),
        ("name", "  "),
        ("version", ""),
        ("training", "[1]"),
        ("training", "{"),
        ("metrics", "7"),
        ("metrics", "[" * 100_000),
    ],
)
def test_broken_properties_are_refused(key, text):
    with pytest.raises(errors.ModelIncompatibleError, match="card is broken"):
        ModelCard.from_properties(FULL.as_properties() | {f"colorlab.{key}": text})


def test_what_json_cannot_hold_is_refused_on_writing():
    for metrics in ({"psnr": math.nan}, {"psnr": object()}):
        with pytest.raises(errors.InvalidArgumentError, match="metrics must be JSON"):
            ModelCard("n", "1", 110.0, 8, metrics=metrics).as_properties()
