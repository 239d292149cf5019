"""The catalogue: which engines the studio offers, from a folder of YAML files."""

from coordinator.catalogue.reading import CatalogueProblem, Loaded, load
from coordinator.catalogue.watcher import Watcher

__all__ = ["CatalogueProblem", "Loaded", "Watcher", "load"]
