"""Learning rate schedules: one file each, named as in a recipe's `schedule: NAME`."""
