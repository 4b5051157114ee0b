"""A centre's days in virtual time: the product's own rules on a journal in memory, with drawn people."""
