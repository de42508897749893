"""The files of a finished result, made larger or smaller about the world's origin: all lengths times one factor."""
