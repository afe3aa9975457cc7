"""The parts of a writer: its batches, the rows of articles, and the derived parts."""
