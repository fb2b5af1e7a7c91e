"""The only sockets, and the only reads of the outside world."""
