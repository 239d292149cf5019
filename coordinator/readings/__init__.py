"""What cards read over time: the last hour in memory, minute means of eight days in a file.

Nothing here is needed to run: without the file the graphs are shorter.
"""

from coordinator.readings.recorder import Readings
from coordinator.readings.series import Occupancy, Point, Series
from coordinator.readings.store import ReadingsStore

__all__ = ["Occupancy", "Point", "Readings", "ReadingsStore", "Series"]
