"""Losses that never count padding."""
