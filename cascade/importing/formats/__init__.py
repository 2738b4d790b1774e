"""Foreign formats, one file each: lazy readers of recorded answers."""
