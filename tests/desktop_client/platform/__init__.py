"""The seams to the desktop: one contract suite per seam, run on whatever this system has."""
