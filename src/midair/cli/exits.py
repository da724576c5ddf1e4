"""The exit codes, and what a scheduler should make of each."""

MEANING = {
    0: "done, or nothing to do",
    1: "the answer is no",
    2: "usage, configuration, or unreadable migrations; refused login included",
    3: "refused: protected, history diverged, another run at work, plan changed",
    4: "could not reach the database (retry)",
    5: "a step failed; nothing half-done, state recorded",
    6: "stopped in a resumable state (retry)",
    7: "outcome unknown, a person must look",
    70: "a bug in midair; a trace file was written",
    130: "interrupted, resumable (retry); 143 after SIGTERM",
}

READS = (0, 2, 4)
WRITES = (0, 2, 3, 4, 5, 6, 7, 130)
