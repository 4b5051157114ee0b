"""A branch with its history from a PC's SQLite into a PostgreSQL that others share already.

First it is said what goes over, what stays and what stands in the way; then everything is written in one transaction,
read back and compared before it is committed. The file is only read.
"""
