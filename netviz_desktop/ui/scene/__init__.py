"""The canvas: a model graph as boxes and lines that can be read, walked and chosen.

drawing     what is in each box and on each line, and how large it is
chart       a drawing in its places: what lies where
frames      what is around open scopes
tiles       a large chart as pictures of its parts
boxes       how a box looks from near
marks       what is chosen, found, bookmarked or at fault
graph_item  paints what is visible of a chart
tooltips    what is said about what is under the pointer
motion      from one chart to the next
placing     asks the engine for the layout
open_scopes which scopes are open
spot        what is at a point
outlook     where one looks, whatever the layout
shades      the colours of an overlay; ramp and legend say what they mean
tracing     what feeds a node, what it feeds, what lies between two
edges       lines, and the edges that they are
hubs        what very many boxes read, named in them in place of lines
menus       what can be done with what is under the pointer
keys        what keys do to what is selected
graph_view  pan, zoom, choose, open and close
history     back and forward
picture     a chart as SVG, PNG, PDF or an HTML page
"""

from __future__ import annotations

from netviz_desktop.ui.scene.graph_view import GraphView
from netviz_desktop.ui.scene.history import History
from netviz_desktop.ui.scene.legend import Legend
from netviz_desktop.ui.scene.minimap import Minimap

__all__ = ["GraphView", "History", "Legend", "Minimap"]
