"""A form built from what a method says about its parameters."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from netviz_desktop.link.messages import MethodParameter
from netviz_desktop.ui.widgets.labels import plain_tip

Chosen = bool | int | float | str
_WIDEST = 2**31 - 1


class ParameterForm(QWidget):
    """A field for each parameter, filled with its default."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.fields: dict[str, QWidget] = {}
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.ExpandingFieldsGrow)

    def set_parameters(self, parameters: Sequence[MethodParameter]) -> None:
        """Fields for these, in place of those before."""
        while self._form.rowCount():
            self._form.removeRow(0)
        self.fields.clear()
        for parameter in parameters:
            field = self._field(parameter)
            field.setToolTip(plain_tip(parameter.help))
            self._form.addRow(parameter.name.replace("_", " ").capitalize(), field)
            self.fields[parameter.name] = field

    def values(self) -> dict[str, Chosen]:
        """What stands in the fields, by the parameters' names."""
        return {name: _value(field) for name, field in self.fields.items()}

    def _field(self, parameter: MethodParameter) -> QWidget:
        default = parameter.default
        if isinstance(default, bool):
            check = QCheckBox()
            check.setChecked(default)
            check.toggled.connect(self.changed)
            return check
        if isinstance(default, int):
            whole = QSpinBox()
            whole.setRange(
                -_WIDEST if parameter.minimum is None else int(parameter.minimum),
                _WIDEST if parameter.maximum is None else int(parameter.maximum),
            )
            whole.setKeyboardTracking(False)  # not after every digit
            whole.setValue(default)
            whole.valueChanged.connect(self.changed)
            return whole
        if isinstance(default, float):
            real = QDoubleSpinBox()
            real.setDecimals(4)
            real.setRange(
                -1e9 if parameter.minimum is None else parameter.minimum,
                1e9 if parameter.maximum is None else parameter.maximum,
            )
            real.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
            real.setKeyboardTracking(False)
            real.setValue(default)
            real.valueChanged.connect(self.changed)
            return real
        if parameter.choices:
            combo = QComboBox()
            combo.addItems(parameter.choices)
            combo.setCurrentText(default)
            combo.currentIndexChanged.connect(self.changed)
            return combo
        line = QLineEdit(default)
        line.editingFinished.connect(self.changed)
        return line


def _value(field: QWidget) -> Chosen:
    match field:
        case QCheckBox():
            return field.isChecked()
        case QSpinBox() | QDoubleSpinBox():
            return field.value()
        case QComboBox():
            return field.currentText()
        case QLineEdit():
            return field.text()
    raise TypeError(type(field).__name__)
