"""What runs a model and answers questions about the run. It never meets Qt.

session        one open model and its last run: what scripts and the server call
server         the session at the end of a byte stream
runners/       an executable -> a ForwardPass, node by node, under autograd
onnx_ops/      ONNX operators on torch
explain/       attribution methods
"""
