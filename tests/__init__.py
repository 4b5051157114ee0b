"""Tests, and what they share. A regular package: `ciw` installs one of the same name, which would win otherwise."""
