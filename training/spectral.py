"""Spectral normalisation (Miyato et al. 2018) that leaves the trained kernel alone.

Keras' own wrapper writes the normalised kernel over the trainable one in the forward pass, which
stateless training (JAX) cannot follow.
"""

from __future__ import annotations

from typing import Any

from keras import KerasTensor, layers, ops


class SpectralConv2D(layers.Conv2D):  # type: ignore[misc]
    """A convolution by its kernel over the kernel's largest singular value.

    The kernel counts as the matrix [height * width * in, out]. One power iteration per training
    call goes on from `direction`, the last estimate of the right singular vector.
    """

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.direction = self.add_weight(
            name="direction",
            shape=(self.filters,),
            initializer="random_normal",
            trainable=False,
            dtype="float32",
        )

    def call(self, inputs: KerasTensor, training: bool = False) -> KerasTensor:
        kernel = ops.cast(self.kernel, "float32")
        matrix = ops.reshape(kernel, (-1, self.filters))
        fixed = ops.stop_gradient(matrix)
        left = _unit(ops.matmul(fixed, _unit(self.direction)))
        right = ops.matmul(ops.transpose(fixed), left)
        if training:
            self.direction.assign(_unit(right))
        largest = ops.sum(left * ops.matmul(matrix, _unit(right)))
        outputs = self.convolution_op(inputs, ops.cast(kernel / largest, inputs.dtype))
        return outputs + ops.cast(self.bias, outputs.dtype) if self.use_bias else outputs


def _unit(vector: KerasTensor) -> KerasTensor:
    return vector / (ops.norm(vector) + 1e-12)
