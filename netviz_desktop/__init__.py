"""NetViz Desktop: opens a neural network, draws it, and shows what happens inside."""

from __future__ import annotations

__version__ = "0.1.0"
