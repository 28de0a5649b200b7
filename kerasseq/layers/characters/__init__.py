"""What a tagger reads of a word's characters, one file each."""
