"""Changes as SQL, as Liquibase writes it for each database (liquibase.md §2).

Takes a change and a `Writer` that knows the database; gives statements. One file per family of
change types, each with the functions that write it and those that undo it. Must not know: files'
formats, the history.
"""
