"""Pure rules of the queue: no clock, no I/O, no logging, no framework. Time and ids come in as arguments."""
