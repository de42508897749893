"""One module per subcommand of `python -m depth`.

Each has `HELP` (one line), `add_arguments(parser)`, and `run(arguments)`, which returns the lines to print, if any.
They load without torch.
"""
