from __future__ import annotations

import numpy as np
import pytest

from netviz_desktop.graph.overlay import ACTIVATION_NORM, GRADIENT_NORM, SPARSITY
from netviz_desktop.link.messages import Diagnosis
from netviz_desktop.ui.widgets.depth_charts import DepthCharts

KINDS = (ACTIVATION_NORM, SPARSITY, GRADIENT_NORM)


@pytest.mark.parametrize(("size", "columns"), [((900, 140), 3), ((400, 480), 1), ((600, 260), 2)])
def test_charts_stand_beside_each_other_where_there_is_no_height(qtbot, size, columns):
    charts = DepthCharts()
    qtbot.addWidget(charts)
    charts.resize(*size)
    charts.show()
    values = np.random.default_rng(0).random((5, 3))
    charts.show_charts(Diagnosis(tuple("abcde"), tuple(k.id for k in KINDS), values), KINDS)
    qtbot.wait(20)

    lefts = {round(plot.sceneBoundingRect().left()) for plot, *_ in charts._charts}

    assert len(lefts) == columns
