"""How an image becomes the tensor: to be edited."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from netviz_desktop.link.messages import Preprocessing
from netviz_desktop.ui.widgets.labels import Caption, Notice
from netviz_desktop.ui.widgets.layouts import column, row

_LARGEST = 8192  # pixels
_CLOSE = 1e-4


@dataclass(frozen=True)
class Preset:
    """A usual way to scale pixels; mean and std of values from 0 to 1, in the model's order."""

    label: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    bgr: bool = False

    def fits(self, channels: int) -> bool:
        return len(self.mean) in (1, channels)

    def applied(self, how: Preprocessing) -> Preprocessing:
        mean, std = (_each(numbers, how.channels) for numbers in (self.mean, self.std))
        return replace(how, mean=mean, std=std, bgr=self.bgr)


_IMAGENET = Preprocessing(1, 1)
_CAFFE_MEAN = (103.939 / 255, 116.779 / 255, 123.68 / 255)
PRESETS = (
    Preset("ImageNet's mean and deviation", _IMAGENET.mean, _IMAGENET.std),
    Preset("0 to 1", (0.0,), (1.0,)),
    Preset("−1 to 1", (0.5,), (0.5,)),
    Preset("0 to 255", (0.0,), (1 / 255,)),
    Preset("0 to 255 less ImageNet's mean, BGR (Caffe)", _CAFFE_MEAN, (1 / 255,) * 3, bgr=True),
)


class PreparationDialog(QDialog):
    """Stays open: what is applied is seen beside it.

    Args:
        inferred: what “As inferred” goes back to.
        how: what is in force.
    """

    applied = Signal(object)
    """A `Preprocessing`; None: as inferred."""

    def __init__(
        self, inferred: Preprocessing, how: Preprocessing, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preprocessing")
        self._inferred = inferred
        self._presets = [known for known in PRESETS if known.fits(inferred.channels)]
        self.preset = QComboBox()
        self.preset.addItems([*(known.label for known in self._presets), "Other"])
        self.mean, self.std = QLineEdit(), QLineEdit()
        self.order = QComboBox()
        self.order.addItems(["RGB", "BGR"])
        self.resize_mode = QComboBox()
        self.resize_mode.addItems(["Shorter side to", "Squeeze the whole image"])
        self.side, self.height_box, self.width_box = _pixels(), _pixels(), _pixels()
        self.problem = Notice()
        self._form = self._make_form()
        buttons = QDialogButtonBox()
        self.apply = buttons.addButton(QDialogButtonBox.StandardButton.Apply)
        self.as_inferred = buttons.addButton("As inferred", QDialogButtonBox.ButtonRole.ResetRole)
        close = buttons.addButton(QDialogButtonBox.StandardButton.Close)
        for other in (self.as_inferred, close):
            other.setAutoDefault(False)  # Enter in a field applies
        self.apply.setDefault(True)
        self.apply.clicked.connect(self._apply)
        self.as_inferred.clicked.connect(self._reset)
        buttons.rejected.connect(self.reject)
        column(self, Caption(inferred.reason), self._form, self.problem, buttons, margin=16)
        self.setMinimumWidth(420)
        self.preset.activated.connect(self._preset_chosen)
        for field in (self.mean, self.std):
            field.textChanged.connect(self._check)
        self.order.currentIndexChanged.connect(self._check)
        self.resize_mode.currentIndexChanged.connect(self._check)
        self.show_preprocessing(how)

    def show_preprocessing(self, how: Preprocessing) -> None:
        """Fill in what is in force."""
        self._show_scale(how)
        self.resize_mode.setCurrentIndex(how.resize is None)
        self.side.setValue(how.resize or min(how.height, how.width))
        self.height_box.setValue(how.height)
        self.width_box.setValue(how.width)
        self._check()

    def preprocessing(self) -> Preprocessing:
        """As it is filled in.

        Raises:
            ValueError: with a sentence for the person.
        """
        channels = self._inferred.channels
        squeezed = self.resize_mode.currentIndex() == 1
        std = _numbers(self.std.text(), "std", channels)
        if 0 in std:
            raise ValueError("std has a 0, by which nothing can be divided.")
        return replace(
            self._inferred,
            height=self.height_box.value(),
            width=self.width_box.value(),
            resize=None if squeezed else self.side.value(),
            mean=_numbers(self.mean.text(), "mean", channels),
            std=std,
            bgr=channels == 3 and self.order.currentIndex() == 1,
            reason="As you set it.",
        )

    def _make_form(self) -> QFormLayout:
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.addRow("Values", self.preset)
        form.addRow("mean", self.mean)
        form.addRow("std", self.std)
        if self._inferred.channels == 3:
            form.addRow("Colours", self.order)
        form.addRow("resize", row(self.resize_mode, self.side, 1))
        form.addRow("crop", row(self.height_box, QLabel("×"), self.width_box, 1))
        tip = "Of values from 0 to 1: one number for each channel, or one for all."
        for field in (self.mean, self.std):
            field.setToolTip(tip)
        self.height_box.setToolTip("Height that the model takes")
        self.width_box.setToolTip("Width that the model takes")
        return form

    def _show_scale(self, how: Preprocessing) -> None:
        self.mean.setText(_written(how.mean))
        self.std.setText(_written(how.std))
        self.order.setCurrentIndex(how.bgr)

    def _preset_chosen(self, index: int) -> None:
        if index < len(self._presets):
            self._show_scale(self._presets[index].applied(self._inferred))

    def _check(self) -> None:
        squeezed = self.resize_mode.currentIndex() == 1
        self.side.setVisible(not squeezed)
        try:
            how = self.preprocessing()
        except ValueError as error:
            self.problem.say(str(error))
            self.apply.setEnabled(False)
            return
        self.problem.say("")
        self.apply.setEnabled(True)
        found = (i for i, known in enumerate(self._presets) if _same(known.applied(how), how))
        self.preset.setCurrentIndex(next(found, len(self._presets)))

    def _apply(self) -> None:
        self.applied.emit(self.preprocessing())

    def _reset(self) -> None:
        self.show_preprocessing(self._inferred)
        self.applied.emit(None)


def _same(one: Preprocessing, other: Preprocessing) -> bool:
    numbers = zip((*one.mean, *one.std), (*other.mean, *other.std), strict=True)
    return one.bgr == other.bgr and all(abs(a - b) < _CLOSE for a, b in numbers)


def _numbers(text: str, name: str, channels: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part.replace("−", "-")) for part in text.split(","))
    except ValueError:
        found = ()
    if not all(map(math.isfinite, found)) or len(found) not in (1, channels):
        each = f"{channels} numbers, one for each channel, or one for all" if channels > 1 else ""
        raise ValueError(f"{name} takes {each or 'one number'}.")
    return _each(found, channels)


def _each(numbers: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return numbers * channels if len(numbers) == 1 else numbers


def _written(numbers: tuple[float, ...]) -> str:
    return ", ".join(f"{one:.7g}" for one in numbers)


def _pixels() -> QSpinBox:
    box = QSpinBox()
    box.setRange(1, _LARGEST)
    box.setSuffix(" px")
    return box
