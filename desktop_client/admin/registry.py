"""Which pages there are. Each is imported when it is first shown."""

from __future__ import annotations

import importlib

from desktop_client.admin.page import Page, Shell

# key -> module, class; in the order of the navigation.
PAGES: dict[str, tuple[str, str]] = {
    "overview": ("desktop_client.admin.pages.overview", "OverviewPage"),
    "machines": ("desktop_client.admin.machines.page", "MachinesPage"),
    "instances": ("desktop_client.admin.pages.instances", "InstancesPage"),
    "queue": ("desktop_client.admin.pages.queue", "QueuePage"),
    "catalogue": ("desktop_client.admin.pages.catalogue", "CataloguePage"),
    "shares": ("desktop_client.admin.pages.shares", "SharesPage"),
    "people": ("desktop_client.admin.pages.people", "PeoplePage"),
    "audit": ("desktop_client.admin.pages.audit", "AuditPage"),
    "settings": ("desktop_client.admin.pages.settings", "SettingsPage"),
}


def make_page(key: str, shell: Shell) -> Page:
    """A page by its key."""
    module, name = PAGES[key]
    made = getattr(importlib.import_module(module), name)(shell)
    assert isinstance(made, Page)
    return made
