"""What a network has to beat: simple methods that learn from the same training split, one file each."""
