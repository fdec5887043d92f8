"""Menus and toolbar: what can be done, under Netron's keys where Netron has one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QToolBar

from netviz_desktop.ui import icons
from netviz_desktop.ui.operations.go import GoMenu
from netviz_desktop.ui.overlay_menu import OverlayMenu
from netviz_desktop.ui.settings import MEMORY_GB, RECENT_COUNT, THEMES

if TYPE_CHECKING:
    from netviz_desktop.ui.main_window import MainWindow

_TOOLBAR_ICON = QSize(20, 20)
_THEME_NAMES = {"system": "As the system", "light": "Light", "dark": "Dark"}


class Actions(QObject):
    """Makes them all, in the window; keeps those enabled that make sense."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._icon_names: dict[QAction, str] = {}
        self._need_model: list[QAction] = []
        self._recent_menu = QMenu("Open &Recent", window)
        self.panels_menu = QMenu("&Panels", window)
        self._make_file_menu()
        self._make_edit_menu()
        self._make_view_menu()
        self.go = GoMenu(self._menu("&Go"), self._add, window)
        self._make_model_menu()
        self._make_help_menu()
        self._make_toolbar()
        self.draw_icons()
        self.refresh()

    def refresh(self) -> None:
        """After a model was opened or closed."""
        model = self._window.selection.model
        for action in self._need_model:
            action.setEnabled(model is not None)
        self.inputs.setEnabled(model is not None and model.structure_only is None)
        self.trust.setEnabled(model is not None and model.can_be_trusted)
        self.model_code.setEnabled(model is not None and model.needs_code)
        self.architecture.setEnabled(model is not None and model.needs_code)
        self._fill_recent()

    def draw_icons(self) -> None:
        """In the colours of the theme in force."""
        for action, name in self._icon_names.items():
            action.setIcon(icons.icon(name))

    # --- menus --------------------------------------------------------------------------

    def _make_file_menu(self) -> None:
        window = self._window
        menu = self._menu("&File")
        self.open_model = self._add(
            menu, "&Open Model…", window.choose_model, "Ctrl+O", "open-model"
        )
        menu.addMenu(self._recent_menu)
        self._recent_menu.aboutToShow.connect(self._fill_recent)
        self.open_image = self._add(
            menu, "Open &Image…", window.choose_image, "Ctrl+Shift+O", "open-image"
        )
        self._add(menu, "Open Image &Folder…", window.choose_image_folder)
        self._add(menu, "Ne&xt Image", partial(window.images.go, 1), "Alt+PgDown")
        self._add(menu, "Pre&vious Image", partial(window.images.go, -1), "Alt+PgUp")
        self.paste = self._add(menu, "&Paste Image", window.paste, "Ctrl+V")
        self.demo = self._add(menu, "Open the &Demo", window.open_demo)
        menu.addSeparator()
        self.reload = self._add(
            menu, "&Reload", window.models.reload, "F5", "reload", needs_model=True
        )
        self.export = self._add(
            menu,
            "&Export…",
            window.choose_export,
            "Ctrl+Shift+E",
            "export",
            needs_model=True,
        )
        export_view = partial(window.choose_export, only_view=True)
        self._add(menu, "Export &View…", export_view, "Ctrl+Alt+E", needs_model=True)
        menu.addSeparator()
        self._make_reopen(menu)
        self.close_model = self._add(
            menu, "&Close Model", window.models.close, "Ctrl+W", needs_model=True
        )
        quit_action = self._add(menu, "&Quit", window.close, "Ctrl+Q")
        quit_action.setMenuRole(QAction.MenuRole.QuitRole)

    def _make_reopen(self, menu: QMenu) -> None:
        settings = self._window.settings
        made = menu.addAction("Reopen the Last Model at &Start")
        made.setCheckable(True)
        made.setChecked(settings.reopens)
        made.toggled.connect(lambda on: setattr(settings, "reopens", on))

    def _make_edit_menu(self) -> None:
        menu = self._menu("&Edit")
        self.find = self._add(
            menu, "&Find…", self._window.find_bar.begin, "Ctrl+F", "find", needs_model=True
        )
        bar = self._window.find_bar
        self._add(menu, "Find &Next", bar.next, "F3", needs_model=True)
        self._add(menu, "Find &Previous", bar.previous, "Shift+F3", needs_model=True)
        self._add(
            menu, "Select All of This &Type", bar.find_its_type, "Ctrl+Shift+A", needs_model=True
        )
        self._add(menu, "&Copy Node Name", self._window.copy_node_name, "Ctrl+C", needs_model=True)

    def _make_view_menu(self) -> None:
        window, view = self._window, self._window.view
        menu = self._menu("&View")
        self._toggle(menu, "Show &Attributes", "attributes", "Ctrl+D")
        self._toggle(menu, "Show &Weights", "weights", "Ctrl+I")
        self._toggle(menu, "Show &Names", "names", "Ctrl+U")
        self._toggle(menu, "Shared Tensors as &Chips", "chips", "Ctrl+Shift+H")
        self.direction = self._toggle(menu, "&Left to Right", "left_to_right", "Ctrl+K")
        self._icon_names[self.direction] = "direction"
        self._need_model.append(self.direction)
        self._toggle(menu, "Mouse Wheel &Zooms", "wheel_zooms", "Ctrl+M")
        self._toggle(menu, "&Minimap", "minimap", None)
        menu.addSeparator()
        self.zoom_in = self._add(
            menu, "Zoom &In", view.zoom_in, "Shift+Up", "zoom-in", needs_model=True
        )
        self.zoom_in.setShortcuts([QKeySequence("Shift+Up"), QKeySequence("Ctrl++")])
        self.zoom_out = self._add(
            menu, "Zoom &Out", view.zoom_out, "Shift+Down", "zoom-out", needs_model=True
        )
        self.zoom_out.setShortcuts([QKeySequence("Shift+Down"), QKeySequence("Ctrl+-")])
        self.actual_size = self._add(
            menu, "A&ctual Size", view.actual_size, "Shift+Backspace", needs_model=True
        )
        self.fit = self._add(menu, "&Fit", view.fit, "Ctrl+0", "fit", needs_model=True)
        menu.addSeparator()
        levels = menu.addMenu("&Scopes")
        self._add(
            levels, "&Close All", partial(view.scopes.open_to_level, 0), "Alt+0", needs_model=True
        )
        for level in range(1, 5):
            text = f"Open &{level} Level{'s' if level > 1 else ''}"
            key = f"Alt+{level}"
            self._add(
                levels, text, partial(view.scopes.open_to_level, level), key, needs_model=True
            )
        self._add(levels, "Open &All", view.scopes.open_all, "Alt+9", needs_model=True)
        self._add(levels, "As at &First", view.scopes.open_readable, "Alt+Home", needs_model=True)
        self.overlay_menu = OverlayMenu(window)
        menu.addMenu(self.overlay_menu)
        self._need_model.append(self.overlay_menu.menuAction())
        menu.addSeparator()
        menu.addMenu(self.panels_menu)
        self.reset_layout = self._add(menu, "&Reset Layout", window.reset_layout, needs_model=True)
        themes = menu.addMenu("&Theme")
        group = QActionGroup(self)
        for choice in THEMES:
            action = self._add(themes, _THEME_NAMES[choice], partial(window.set_theme, choice))
            action.setCheckable(True)
            action.setChecked(choice == window.settings.theme)
            group.addAction(action)
        self._add(menu, "F&ull Screen", window.toggle_full_screen, "F11")

    def _make_model_menu(self) -> None:
        menu = self._menu("&Model")
        self.run_again = self._add(
            menu, "&Run Again", self._window.images.run, "Ctrl+R", needs_model=True
        )
        self.inputs = self._add(menu, "&Inputs…", self._window.inputs.ask, "Ctrl+Shift+I")
        self.cancel = self._add(menu, "&Cancel", self._window.status.cancel_work, "Ctrl+.")
        memory = menu.addMenu("&Memory for a Run")
        group = QActionGroup(self)
        for gigabytes in MEMORY_GB:
            name = f"{gigabytes} GB" if gigabytes else "A &Quarter of the Machine's"
            action = self._add(memory, name, partial(self._window.set_memory, gigabytes))
            action.setCheckable(True)
            action.setChecked(gigabytes == self._window.settings.memory_gb)
            group.addAction(action)
        self._add(menu, "Class &Names…", self._window.choose_class_names, needs_model=True)
        menu.addSeparator()
        self.trust = self._add(menu, "&Trust and Run…", self._window.ask_trust)
        self.architecture = self._add(menu, "&Architecture…", self._window.ask_architecture)
        self.model_code = self._add(menu, "Model C&ode…", self._window.ask_model_code)

    def _make_help_menu(self) -> None:
        menu = self._menu("&Help")
        self._add(menu, "&Report…", self._window.show_report)
        self._add(menu, "&About NetViz Desktop", self._window.show_about)

    def _make_toolbar(self) -> None:
        bar = QToolBar("Toolbar", self._window)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setIconSize(_TOOLBAR_ICON)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        groups = (
            (self.open_model, self.open_image, self.reload),
            (self.fit, self.zoom_out, self.zoom_in, self.direction),
            (self.find, self.export),
        )
        for number, group in enumerate(groups):
            if number:
                bar.addSeparator()
            bar.addActions(list(group))
        bar.toggleViewAction().setVisible(False)
        self._window.addToolBar(bar)
        self.toolbar = bar

    # --- their parts --------------------------------------------------------------------

    def _menu(self, title: str) -> QMenu:
        return self._window.menuBar().addMenu(title)

    def _add(
        self,
        menu: QMenu,
        text: str,
        action: Callable[[], object],
        key: str | None = None,
        icon: str | None = None,
        *,
        needs_model: bool = False,
    ) -> QAction:
        made = menu.addAction(text)
        made.triggered.connect(lambda _checked=False: action())
        if key is not None:
            made.setShortcut(QKeySequence(key))
        plain = text.replace("&", "").rstrip("…")
        made.setToolTip(f"{plain} ({made.shortcut().toString()})" if key else plain)
        if icon is not None:
            self._icon_names[made] = icon
            made.setIconVisibleInMenu(False)
        if needs_model:
            self._need_model.append(made)
        return made

    def _toggle(self, menu: QMenu, text: str, flag: str, key: str | None) -> QAction:
        made = menu.addAction(text)
        made.setCheckable(True)
        made.setIconVisibleInMenu(False)
        made.setChecked(self._window.settings.flag(flag))
        made.toggled.connect(lambda on: self._window.set_flag(flag, on))
        if key is not None:
            made.setShortcut(QKeySequence(key))
        plain = text.replace("&", "")
        made.setToolTip(f"{plain} ({key})" if key else plain)
        return made

    def _fill_recent(self) -> None:
        window = self._window
        self._recent_menu.clear()
        paths = window.settings.recent
        for number, path in enumerate(paths[:RECENT_COUNT], 1):
            action = self._recent_menu.addAction(f"&{number}  {Path(path).name}")
            action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            action.setToolTip(path)
            action.triggered.connect(lambda _checked=False, path=path: window.open_files([path]))
        if paths:
            self._recent_menu.addSeparator()
            forget = self._recent_menu.addAction("Forget These")
            forget.triggered.connect(window.forget_recent)
        self._recent_menu.setEnabled(bool(paths))
        self._recent_menu.setToolTipsVisible(True)
