"""What holds for every test: no screen, one torch thread, no settings but its own."""

from __future__ import annotations

import os

# Before anything imports Qt or torch: without a screen, and one thread, because on a busy
# machine with few cores several make torch crawl.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")
os.environ.setdefault("NETVIZ_THREADS", "1")  # the engine's own processes
os.environ.setdefault("KERAS_BACKEND", "torch")  # of the tests' own Keras models
