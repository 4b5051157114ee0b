"""The audit trail: what happened cannot be changed afterwards without being found. See docs/explanation/audit.md."""
