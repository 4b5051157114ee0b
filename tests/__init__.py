"""Tests, and what they share. A regular package, since `ciw` installs one of the same name, which would otherwise win."""
