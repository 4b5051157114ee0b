"""Who and what exists: organisations, branches, fields, counters, and how a change of them is prepared.

Files are read by `reading` and `schema`, expanded by `layers`, checked by `checks`, turned into the value that is put
in force by `plan`, and brought into the database by `merge` and `importing`.
"""
