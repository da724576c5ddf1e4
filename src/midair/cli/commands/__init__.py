"""One module per command, each with its `COMMAND`; `cli.catalogue` lists them."""
