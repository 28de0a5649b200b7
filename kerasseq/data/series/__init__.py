"""Time series: dates, scales and windows that are cut by time."""
