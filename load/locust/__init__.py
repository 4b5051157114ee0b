"""The people of a fleet as Locust users: dispensers, clerks, printers, displays, managers and phones."""
