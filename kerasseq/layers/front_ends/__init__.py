"""From recordings, pictures and videos to sequences of vectors, one file each."""
