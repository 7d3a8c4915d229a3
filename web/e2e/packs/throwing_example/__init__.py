"""A pack whose extensions fail in all the ways that the editor must survive."""

WEB_DIRECTORY = "./web"
