"""What is wrong with a change, and what to do about it.

Takes a plan and a schema, gives findings. May import: `dialects`, `model`, `errors`. Must not know:
connections, files, the wording of reports.
"""
