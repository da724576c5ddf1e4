"""The product, told command by command: source → plan → check → rehearse → execute → record → report.

Takes a `Request`, which is everything the caller decided; gives values and events. One command, one
module. May import: every room but `cli` and `settings`. Must not know: where settings come from, how
anything is shown; no function here prints or keeps anything.
"""
