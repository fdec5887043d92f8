"""What a model is, whatever the file: nodes that compute, values that flow between them.

Nothing here holds a weight or a pixel: names, shapes and dtypes only.
"""

from __future__ import annotations

from netviz_desktop.graph.model import Attribute, Dimension, ModelGraph, Node, Parameter, Value

__all__ = ["Attribute", "Dimension", "ModelGraph", "Node", "Parameter", "Value"]
