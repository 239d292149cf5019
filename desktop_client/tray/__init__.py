"""The icon at the desktop's tray and its menu; both show the one view and hold no truth."""
