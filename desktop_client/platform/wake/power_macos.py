"""``NSWorkspace`` tells of sleep and waking, in the main thread's run loop, which is Qt's."""

from __future__ import annotations

import sys

from PySide6.QtCore import QObject

from desktop_client.platform.wake.power import PowerSource

WILL_SLEEP = "NSWorkspaceWillSleepNotification"
DID_WAKE = "NSWorkspaceDidWakeNotification"

if sys.platform == "darwin":
    from rubicon.objc import SEL, NSObject, ObjCClass, objc_method
    from rubicon.objc.runtime import load_library

    load_library("AppKit")

    class AigcSleepObserver(NSObject):  # type: ignore[misc]  # rubicon-objc has no types
        """Told by the workspace; ``source`` is the Python object to tell."""

        @objc_method  # type: ignore[untyped-decorator]
        def willSleep_(self, notification) -> None:  # type: ignore[no-untyped-def]  # noqa: N802
            self.source.falling_asleep.emit()

        @objc_method  # type: ignore[untyped-decorator]
        def didWake_(self, notification) -> None:  # type: ignore[no-untyped-def]  # noqa: N802
            self.source.woken.emit()


class WorkspaceSource(PowerSource):
    """macOS waits until the slots of ``falling_asleep`` returned; nothing more can be held."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._observer: object = None

    def start(self) -> None:
        if sys.platform == "darwin" and self._observer is None:
            observer = AigcSleepObserver.alloc().init()
            observer.source = self
            center = ObjCClass("NSWorkspace").sharedWorkspace.notificationCenter
            for selector, name in (("willSleep:", WILL_SLEEP), ("didWake:", DID_WAKE)):
                center.addObserver(observer, selector=SEL(selector), name=name, object=None)
            self._observer = observer
            self.how = "NSWorkspace"

    def stop(self) -> None:
        if sys.platform == "darwin" and self._observer is not None:
            center = ObjCClass("NSWorkspace").sharedWorkspace.notificationCenter
            center.removeObserver(self._observer)
            self._observer = None
        self.how = ""
