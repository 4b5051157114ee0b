"""A whole day of a centre, played through the real interfaces: dispensers, clerks, a display, a supervisor."""
