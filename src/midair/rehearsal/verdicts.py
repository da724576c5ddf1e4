"""What a rehearsal can find, by code: name, risk and page; codes MA9xx are facts seen on a server, never guesses."""

from dataclasses import dataclass

from midair.model.finding import Finding, Remedy, Risk
from midair.model.migration import Migration


@dataclass(frozen=True, slots=True)
class Verdict:
    """One kind of thing a rehearsal finds. `remedy` is what to do about it."""

    code: str
    name: str
    risk: Risk
    title: str
    remedy: str

    @property
    def page(self) -> str:
        """What `midair explain` shows."""
        return f"{self.title}\n\nInstead: {self.remedy}.\n\nFound by `midair rehearse` on a throwaway server, with rows in the tables; never from the text alone."


UP_FAILS = Verdict(
    "MA901",
    "up-fails",
    Risk.HIGH,
    "The migration fails, whatever the rows.",
    "mend the statement the message names",
)
FAILS_ON_ROWS = Verdict(
    "MA902",
    "fails-on-rows",
    Risk.HIGH,
    "The migration fails when its tables hold rows that the schema allowed before it.",
    "correct the rows first, in batches, in a migration of its own; then change the schema",
)
NULLS_IN_THE_WAY = Verdict(
    "MA903",
    "not-null-on-existing-rows",
    Risk.HIGH,
    "A column becomes NOT NULL while rows hold NULL in it, or get no value.",
    "fill the column first, or give it a default",
)
DUPLICATES_IN_THE_WAY = Verdict(
    "MA904",
    "unique-on-duplicates",
    Risk.HIGH,
    "A unique index or key is put on a column in which rows may be alike.",
    "merge the duplicates first, in a statement before it",
)
ROWS_BREAK_CHECK = Verdict(
    "MA905",
    "check-against-existing-rows",
    Risk.HIGH,
    "A new check refuses rows that were allowed before.",
    "correct the rows first, or add the check NOT VALID and validate it once they are",
)
ORPHANS_IN_THE_WAY = Verdict(
    "MA906",
    "foreign-key-on-orphans",
    Risk.HIGH,
    "A new foreign key refuses rows that point nowhere, and nothing kept them from it.",
    "remove or mend the orphans first",
)
DOES_NOT_FIT = Verdict(
    "MA907",
    "type-change-refuses-rows",
    Risk.HIGH,
    "A type changes, and values that were allowed do not fit into the new one.",
    "say in USING what becomes of them, or keep the wider type",
)
ENUM_TOO_SOON = Verdict(
    "MA908",
    "enum-value-used-in-its-transaction",
    Risk.HIGH,
    "A value added to an enum is used before the transaction that adds it is committed.",
    "add the value in a migration before the one that uses it",
)
DEPENDENTS = Verdict(
    "MA909",
    "dependents-in-the-way",
    Risk.HIGH,
    "Something is dropped or changed that other objects depend on.",
    "change the dependents in the same migration, before",
)
NOT_TRANSACTIONAL = Verdict(
    "MA910",
    "not-in-a-transaction",
    Risk.HIGH,
    "A statement that the server refuses inside a transaction stands in one.",
    "give it a migration of its own, marked as the tool wants it to run outside a transaction",
)
DOWN_FAILS = Verdict(
    "MA920",
    "downgrade-fails",
    Risk.HIGH,
    "The way back fails.",
    "mend the downgrade; it was never run, or not since the migration changed",
)
DOWN_FAILS_ON_ROWS = Verdict(
    "MA921",
    "downgrade-fails-on-rows",
    Risk.HIGH,
    "The way back fails when the tables hold rows.",
    "let the downgrade say what becomes of rows the old schema cannot hold",
)
DOWN_LEAVES = Verdict(
    "MA922",
    "downgrade-leaves-behind",
    Risk.MEDIUM,
    "After up and down something is there that was not there before.",
    "drop it in the downgrade",
)
DOWN_FORGETS = Verdict(
    "MA923",
    "downgrade-does-not-restore",
    Risk.MEDIUM,
    "After up and down something is missing that was there before.",
    "create it in the downgrade as it was",
)
DOWN_DIFFERS = Verdict(
    "MA924",
    "downgrade-restores-differently",
    Risk.MEDIUM,
    "After up and down something is there and is not as it was.",
    "let the downgrade bring back its exact definition",
)
LOSSY_DOWN = Verdict(
    "MA925",
    "lossy-downgrade",
    Risk.MEDIUM,
    "After up and down rows or values are not what they were.",
    "keep the old values aside until nobody will go back, or say that this is the point of no return",
)
ROWS_LOST = Verdict(
    "MA930",
    "rows-lost",
    Risk.HIGH,
    "Rows are gone after the migration, and it deletes none in so many words.",
    "copy all of them; an inner join or a filter leaves some out",
)
VALUES_CHANGED = Verdict(
    "MA931",
    "values-changed",
    Risk.HIGH,
    "Values of a column that stays are others afterwards, and no statement sets them.",
    "choose a type that holds every value, or say in an UPDATE of its own what becomes of them",
)
DATA_NOT_MOVED = Verdict(
    "MA932",
    "data-not-moved",
    Risk.HIGH,
    "Values of a column that goes are nowhere to be found afterwards, although the migration moves data.",
    "check the statement that moves it: every row, the right column, before the old one is dropped",
)
SEQUENCE_BEHIND = Verdict(
    "MA933",
    "sequence-behind",
    Risk.HIGH,
    "A sequence will give a number that its column already holds.",
    "set it with setval() to the largest value",
)
DEFAULT_LOST = Verdict(
    "MA940",
    "default-lost",
    Risk.MEDIUM,
    "A column that stays has lost its default on the way.",
    "set the default again after the change",
)
INDEX_LOST = Verdict(
    "MA941",
    "index-lost",
    Risk.MEDIUM,
    "An index is gone that no statement drops, and its columns are still there.",
    "create it again",
)
CONSTRAINT_LOST = Verdict(
    "MA942",
    "constraint-lost",
    Risk.MEDIUM,
    "A constraint is gone that no statement drops, and its columns are still there.",
    "add it again",
)
SEQUENCE_NOT_OWNED = Verdict(
    "MA943",
    "sequence-not-owned",
    Risk.MEDIUM,
    "A column's sequence does not belong to it any more.",
    "ALTER SEQUENCE … OWNED BY the column",
)
GRANT_LOST = Verdict(
    "MA944",
    "grant-lost",
    Risk.HIGH,
    "Rights are gone that no statement takes away: the object was made anew.",
    "grant them again in the same migration",
)
COMMENT_LOST = Verdict(
    "MA945",
    "comment-lost",
    Risk.LOW,
    "A comment is gone with an object that was made anew.",
    "write it again",
)
TRIGGER_LOST = Verdict(
    "MA946",
    "trigger-lost",
    Risk.HIGH,
    "A trigger is gone or disabled, and no statement says so any more at the end.",
    "create or enable it again in the same migration",
)
POLICY_LOST = Verdict(
    "MA947",
    "row-security-lost",
    Risk.HIGH,
    "A table made anew has lost its row security or a policy.",
    "bring both back in the same migration",
)
NOT_NULL_LOST = Verdict(
    "MA948",
    "not-null-lost",
    Risk.MEDIUM,
    "A column that stays may hold NULL now, and no statement says so.",
    "set NOT NULL again after the change",
)
INVALID_INDEX = Verdict(
    "MA949",
    "index-left-invalid",
    Risk.HIGH,
    "An index is there and invalid: it costs every write and serves no read.",
    "drop it and build it again",
)
CHECK_WEAKER = Verdict(
    "MA950",
    "left-not-valid",
    Risk.LOW,
    "A constraint is left NOT VALID.",
    "validate it in a migration after this one",
)
SECOND_RUN = Verdict(
    "MA960",
    "second-run-changes",
    Risk.MEDIUM,
    "A second apply, right after the first, finds something to do or changes something.",
    "look at the tool's history: a migration is not recorded",
)
REPEATABLE = Verdict(
    "MA961",
    "repeatable-not-idempotent",
    Risk.HIGH,
    "A repeatable migration fails or changes something when it runs again with nothing changed.",
    "write it so that it can run again: CREATE OR REPLACE, IF NOT EXISTS, ON CONFLICT",
)
AGAIN_FAILS = Verdict(
    "MA962",
    "second-up-fails",
    Risk.HIGH,
    "After up and down the migration cannot run again.",
    "let the downgrade remove everything the migration makes",
)
AGAIN_DIFFERS = Verdict(
    "MA963",
    "second-up-differs",
    Risk.MEDIUM,
    "Up, down and up again does not give what up alone gave.",
    "let the downgrade bring back exactly what was there",
)
PREDICTION = Verdict(
    "MA970",
    "prediction-too-mild",
    Risk.MEDIUM,
    "The server took a stronger lock or did more work than `check` says.",
    "believe the trace, and tell us: one of midair's facts is wrong or missing",
)
ONLINE_REFUSED = Verdict(
    "MA971",
    "no-online-plan",
    Risk.HIGH,
    "`midair apply` refuses the migration with the strategy `online`: it would break the running application.",
    "word the change as the message says, or apply it with --strategy direct while the application is down",
)
ONLINE_FAILS = Verdict(
    "MA972",
    "online-plan-fails",
    Risk.HIGH,
    "The steps that `midair apply` makes of the migration fail, and the migration as written does not.",
    "apply it with --strategy direct, and tell us: one of midair's rewrites is wrong",
)
ONLINE_DIFFERS = Verdict(
    "MA973",
    "online-plan-leaves-another-schema",
    Risk.HIGH,
    "The steps that `midair apply` makes of the migration leave another schema, or other rows, than the migration as written.",
    "apply it with --strategy direct, and tell us: one of midair's rewrites is wrong",
)
ONLINE_STAYS = Verdict(
    "MA974",
    "online-plan-not-taken-back",
    Risk.HIGH,
    "Taken back before its contract, the migration does not leave what was there before it.",
    "close the gate with `midair contract` before going back, and tell us: one of midair's rewrites is wrong",
)
QUERY_BREAKS = Verdict(
    "MA980",
    "query-breaks",
    Risk.HIGH,
    "A statement of the running application no longer works.",
    "keep what it uses until the new application is everywhere",
)
QUERY_ENDS = Verdict(
    "MA981",
    "query-ends-with-contract",
    Risk.LOW,
    "A statement of the running application works after expand, and no longer after contract.",
    "close the gate only when nobody sends it any more",
)
QUERY_BROKEN_BEFORE = Verdict(
    "MA982",
    "query-broken-before",
    Risk.LOW,
    "A statement of the running application does not work on the schema it starts from.",
    "look whether the file of statements belongs to this version of the schema",
)

VERDICTS = tuple(each for each in list(globals().values()) if isinstance(each, Verdict))
BY_STATE = {
    "23502": NULLS_IN_THE_WAY, "23505": DUPLICATES_IN_THE_WAY, "23514": ROWS_BREAK_CHECK, "23503": ORPHANS_IN_THE_WAY,
    "22001": DOES_NOT_FIT, "22003": DOES_NOT_FIT, "22P02": DOES_NOT_FIT, "22007": DOES_NOT_FIT, "22008": DOES_NOT_FIT,
    "55P04": ENUM_TOO_SOON, "2BP01": DEPENDENTS, "25001": NOT_TRANSACTIONAL,
}  # fmt: skip
"""What a migration that fails is called, by the server's SQLSTATE."""


def found(verdict: Verdict, migration: Migration, message: str, table: str | None = None) -> Finding:
    """A finding about one migration."""
    return Finding(
        verdict.code,
        verdict.name,
        verdict.risk,
        message,
        migration.span,
        migration.revision,
        Remedy(verdict.remedy),
        table=table,
        fingerprint=f"{verdict.code}:{migration.revision}:{message}",
    )
