"""From a window of a series to its forecast."""
