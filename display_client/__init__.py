"""What runs on a lobby display: the page's scripts and styles, and the clips that it speaks with."""
