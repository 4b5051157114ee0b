"""The journal: one gapless sequence of events per branch, and everything that is written in the same transaction."""
