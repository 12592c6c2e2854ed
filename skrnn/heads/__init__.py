"""What a network answers, a file for each task."""
