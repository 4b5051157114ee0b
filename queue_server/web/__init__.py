"""HTTP and WebSocket: the contract, the pages. Nothing here decides queue rules."""
