"""Public data sets by name: where they are, fetched and unpacked into the layout that recipes read."""
