"""The faces of a search index: HTTP (`create_app`) and the command line (`cli.main`)."""

__all__: list[str] = []
