"""The training harness: photos in, a Keras GAN trained, an ONNX generator out (colorlab[train])."""
