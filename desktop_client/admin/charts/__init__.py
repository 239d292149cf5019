"""Graphs over time: honest about what nobody measured, readable without colour."""
