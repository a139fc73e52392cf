"""What is inside an ONNX file, read without running anything in it.

A model comes from strangers, and loading one can open other files (external tensors) or call
native code (custom operators). So its bytes are walked here first, by protobuf's wire format and
the field numbers of onnx.proto3, far enough to see all that could reach outside of the file. The
onnx package could tell the same, but it is large and a generator must run without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from colorlab.errors import ModelIncompatibleError

__all__ = ["STANDARD_DOMAINS", "OnnxSummary", "summarize"]

STANDARD_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})

_MAX_DEPTH = 32  # of graphs within graphs (If, Loop)
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


@dataclass(slots=True)
class OnnxSummary:
    """What was found in a file."""

    properties: dict[str, str] = field(default_factory=dict)  #: metadata_props
    operators: dict[str, int] = field(default_factory=dict)  #: how many nodes of each, by name
    domains: set[str] = field(default_factory=set)  #: of the nodes, without those defined inside
    external_tensors: int = 0  #: tensors whose values lie in another file
    graphs: int = 0  #: with those inside of nodes


def summarize(data: bytes, *, path: str | None = None) -> OnnxSummary:
    """Walks a serialized ModelProto; `path` only serves error messages.

    Raises:
        ModelIncompatibleError: these bytes are no ONNX model, or a damaged one.
    """
    summary = OnnxSummary()
    defined: set[str] = set()
    try:
        _model(memoryview(data), summary, defined)
    except _WireError as error:
        reason = f"not an ONNX model, or a damaged one: {error}"
        raise ModelIncompatibleError(reason, path=path) from None
    if not summary.graphs:
        raise ModelIncompatibleError("not an ONNX model: there is no graph in it", path=path)
    summary.domains -= defined
    return summary


class _WireError(Exception):
    """The bytes break protobuf's wire format."""


def _model(data: memoryview, summary: OnnxSummary, defined: set[str]) -> None:
    for number, value in _fields(data):
        if number == 7:  # graph
            _graph(_message(value), summary, 0)
        elif number == 14:  # metadata_props
            key, text = _entry(_message(value))
            summary.properties[key] = text
        elif number == 20:  # training_info: initialization, algorithm
            for part, graph in _fields(_message(value)):
                if part in (1, 2):
                    _graph(_message(graph), summary, 0)
        elif number == 25:  # functions: name, node, domain
            for part, inner in _fields(_message(value)):
                if part == 7:
                    _node(_message(inner), summary, 0)
                elif part == 10:
                    defined.add(_text(inner))
                elif part == 11:  # attribute_proto
                    _attribute(_message(inner), summary, 0)


def _graph(data: memoryview, summary: OnnxSummary, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise _WireError(f"graphs are nested more than {_MAX_DEPTH} deep")
    summary.graphs += 1
    for number, value in _fields(data):
        if number == 1:
            _node(_message(value), summary, depth)
        elif number == 5:  # initializer
            _tensor(_message(value), summary)
        elif number == 15:  # sparse_initializer
            _sparse_tensor(_message(value), summary)


def _node(data: memoryview, summary: OnnxSummary, depth: int) -> None:
    domain = operator = ""
    for number, value in _fields(data):
        if number == 4:
            operator = _text(value)
        elif number == 7:
            domain = _text(value)
        elif number == 5:
            _attribute(_message(value), summary, depth)
    name = operator if domain in STANDARD_DOMAINS else f"{domain}.{operator}"
    summary.operators[name] = summary.operators.get(name, 0) + 1
    summary.domains.add(domain)


def _attribute(data: memoryview, summary: OnnxSummary, depth: int) -> None:
    for number, value in _fields(data):
        if number in (5, 10):  # t, tensors
            _tensor(_message(value), summary)
        elif number in (6, 11):  # g, graphs
            _graph(_message(value), summary, depth + 1)
        elif number in (22, 23):  # sparse_tensor, sparse_tensors
            _sparse_tensor(_message(value), summary)


def _tensor(data: memoryview, summary: OnnxSummary) -> None:
    # data_location other than DEFAULT, or a list of external_data whatever the location says
    outside = any(number == 13 or (number == 14 and value != 0) for number, value in _fields(data))
    summary.external_tensors += outside


def _sparse_tensor(data: memoryview, summary: OnnxSummary) -> None:
    for number, value in _fields(data):
        if number in (1, 2):  # values, indices
            _tensor(_message(value), summary)


def _entry(data: memoryview) -> tuple[str, str]:
    parts = {number: value for number, value in _fields(data) if number in (1, 2)}
    return _text(parts.get(1, memoryview(b""))), _text(parts.get(2, memoryview(b"")))


def _message(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise _WireError("a number stands where a message belongs")
    return value


def _text(value: int | memoryview) -> str:
    try:
        return bytes(_message(value)).decode("utf-8")
    except UnicodeDecodeError:
        raise _WireError("a text is not UTF-8") from None


def _fields(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """(field number, value) of one message: a number, or the bytes of a text or inner message."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if number == 0:
            raise _WireError("there is a field number 0")
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == _BYTES:
            size, at = _varint(data, at)
        elif kind in (_FIXED64, _FIXED32):
            size = 8 if kind == _FIXED64 else 4
        else:
            raise _WireError(f"there is a field of the unknown kind {kind}")
        if size > end - at:
            raise _WireError("a field is longer than what is there")
        yield number, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise _WireError("the data end early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise _WireError("a number is longer than 64 bits")
