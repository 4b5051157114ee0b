"""The player: starts a browser full screen with one page of the server, and keeps it alive."""
