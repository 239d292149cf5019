"""Seams to the desktop: one module per neighbour, plain values in and out."""
