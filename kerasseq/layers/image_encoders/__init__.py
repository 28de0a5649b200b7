"""From pictures to maps of features, one file each."""
