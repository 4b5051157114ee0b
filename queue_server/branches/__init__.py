"""Branch hosts and the command bus: the only place where commands are decided and become events."""
