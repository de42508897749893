"""The compiled loops of the renderer and little else: any change to a file here compiles all of them anew."""
