"""Save a value of the last run, however large, a part at a time."""

from __future__ import annotations

import csv
import io
import math
import os
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from netviz_desktop.link.messages import Numbers, NumbersOf, OpenModel, RunImage
from netviz_desktop.problems import Problem
from netviz_desktop.ui.engine_client import Call, EngineClient

_AT_A_TIME = 1 << 19  # numbers: of float32 2 MB
_AT_A_TIME_AS_TEXT = 1 << 15

KINDS = {".npy": "NumPy array", ".csv": "Comma-separated values, a line for each last axis"}


class SaveTensor(QObject):
    """Writes beside the file, and gives it its name once it is whole.

    Args:
        shape: of the value.
    """

    progressed = Signal(float)
    """0 to 1."""
    ended = Signal(str)
    """What to say: that it is saved, or why not."""

    def __init__(
        self,
        engine: EngineClient,
        value: str,
        shape: tuple[int, ...],
        path: Path,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._engine = engine
        self._value = value
        self._shape = shape
        self._path = path
        self._partial = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._count = math.prod(shape)
        self._columns = max(1, shape[-1]) if len(shape) > 1 else 1  # a vector is a column
        self._done = 0
        self._at_a_time = _AT_A_TIME if self._writes_npy else self._whole_rows()
        self._file: IO[bytes] | None = None
        self._call: Call[Numbers] | None = None
        engine.asked.connect(self._asked)

    def start(self) -> None:
        try:
            self._file = self._partial.open("wb")
        except OSError as error:
            self._refuse(error)
            return
        self._ask()

    def cancel(self) -> None:
        """Leave no file behind."""
        if self._file is not None:
            self._end("Not saved: it was cancelled.")

    @property
    def _writes_npy(self) -> bool:
        return self._path.suffix.lower() != ".csv"

    def _whole_rows(self) -> int:
        return self._columns * max(1, _AT_A_TIME_AS_TEXT // self._columns)

    def _ask(self) -> None:
        request = NumbersOf(self._value, self._done, self._done + self._at_a_time)
        self._call = self._engine.ask(request)
        self._call.answered.connect(self._write)
        self._call.failed.connect(self._failed)
        self._call.stopped.connect(self.cancel)

    def _write(self, numbers: Numbers) -> None:
        if self._file is None:
            return
        try:
            if numbers.shape != self._shape:
                self._end("Not saved: the model ran again meanwhile.")
                return
            if self._writes_npy:
                self._write_npy(self._file, numbers.values)
            else:
                self._file.write(self._as_csv(numbers.values).encode())
            self._done += len(numbers.values)
            if self._done < self._count:
                self.progressed.emit(self._done / self._count)
                self._ask()
                return
            self._file.close()
            self._partial.replace(self._path)
        except OSError as error:
            self._refuse(error)
            return
        self._end(f"Saved {self._path.name}.")

    def _write_npy(self, file: IO[bytes], values: NDArray[Any]) -> None:
        if not self._done:
            descr = np.lib.format.dtype_to_descr(values.dtype)
            header = {"descr": descr, "fortran_order": False, "shape": self._shape}
            np.lib.format.write_array_header_1_0(file, header)
        file.write(np.ascontiguousarray(values).data)

    def _as_csv(self, values: NDArray[Any]) -> str:
        written = io.StringIO()
        writer = csv.writer(written, lineterminator="\n")
        # as numpy says them: float32 in as many digits as tell it from its neighbours
        writer.writerows([str(one) for one in row] for row in values.reshape(-1, self._columns))
        return written.getvalue()

    def _asked(self, call: Call[Any]) -> None:
        if isinstance(call.request, RunImage | OpenModel):
            self.cancel()  # the rest would be of another run

    def _failed(self, problem: Problem) -> None:
        self._end(f"Not saved: {problem.what}")

    def _refuse(self, error: OSError) -> None:
        self._end(f"{self._path.name} cannot be written: {error.strerror or error}.")

    def _end(self, said: str) -> None:
        file, self._file = self._file, None
        self._engine.asked.disconnect(self._asked)
        if self._call is not None:
            self._call.cancel()
        if file is not None:
            file.close()
            self._partial.unlink(missing_ok=True)
        self.ended.emit(said)
        self.deleteLater()
