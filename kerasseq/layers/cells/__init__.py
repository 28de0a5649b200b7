"""Recurrent cells: one file each, named as in a recipe's `cell: NAME`."""
