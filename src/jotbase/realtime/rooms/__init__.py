"""What channels say to each other: broadcasts, presence, and who may."""
