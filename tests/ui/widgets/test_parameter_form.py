from __future__ import annotations

import pytest

from netviz_desktop.link.messages import MethodParameter
from netviz_desktop.ui.widgets.parameter_form import ParameterForm

PARAMETERS = (
    MethodParameter("samples", 50, "How many.", minimum=1, maximum=500),
    MethodParameter("noise", 0.15, "How strong.", minimum=0.0),
    MethodParameter("squared", default=False, help="Or not."),
    MethodParameter("rule", "epsilon", "Which.", choices=("epsilon", "gamma")),
    MethodParameter("seed", "abc", "Any text."),
)


@pytest.fixture
def form(qtbot):
    form = ParameterForm()
    qtbot.addWidget(form)
    form.set_parameters(PARAMETERS)
    return form


def test_it_begins_with_the_defaults(form):
    values = form.values()
    assert values == {p.name: p.default for p in PARAMETERS}
    assert [type(v) for v in values.values()] == [int, float, bool, str, str]


@pytest.mark.parametrize(
    ("name", "change", "value"),
    [
        ("samples", lambda field: field.setValue(7), 7),
        ("noise", lambda field: field.setValue(0.5), 0.5),
        ("squared", lambda field: field.setChecked(True), True),
        ("rule", lambda field: field.setCurrentIndex(1), "gamma"),
    ],
)
def test_a_change_is_told(qtbot, form, name, change, value):
    with qtbot.waitSignal(form.changed):
        change(form.fields[name])
    assert form.values()[name] == value


def test_limits_hold(form):
    form.fields["samples"].setValue(10_000)
    form.fields["noise"].setValue(-1.0)
    assert form.values()["samples"] == 500
    assert form.values()["noise"] == 0.0


def test_another_method_has_other_fields(form):
    form.set_parameters(PARAMETERS[:1])
    assert list(form.fields) == ["samples"]
    assert list(form.values()) == ["samples"]
