"""From confirmed changes to screens: channels, their frames, and the connections that read them."""
