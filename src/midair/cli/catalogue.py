"""Every command with its line of help, so that the overview imports none of them."""

from midair.model.frozen import frozen


@frozen
class Entry:
    """One command: the module of its name in `commands/` is imported when it is called."""

    name: str
    group: str
    help: str


GROUPS = {"look": "Look", "change": "Change", "operate": "Operate", "set up": "Set up"}

COMMANDS = (
    Entry("detect", "look", "What is here: tools, folders, databases."),
    Entry("status", "look", "What is applied, what is pending."),
    Entry("history", "look", "What was done to a database, when and by whom."),
    Entry("check", "look", "What would hurt in the migrations, and what to write instead."),
    Entry("plan", "look", "The steps that apply or rollback would run."),
    Entry("rehearse", "look", "Try it on a throwaway server, locks traced."),
    Entry("explain", "look", "The page of any code that midair prints."),
    Entry("doctor", "look", "What is wrong with a database, and how to mend it."),
    Entry("apply", "change", "Bring the database to the newest migration."),
    Entry("rollback", "change", "Undo migrations, newest first."),
    Entry("contract", "change", "Take away what only the old version used."),
    Entry("pause", "change", "Slow a run at work down, or let it rest."),
    Entry("resume", "change", "Go on with a run that was cut off."),
    Entry("repair", "change", "Settle what the tool's history says wrongly."),
    Entry("stamp", "change", "Record a revision as applied, running nothing."),
    Entry("tag", "change", "Name where a database stands."),
    Entry("drop-all", "change", "Empty a development or test database."),
    Entry("new", "change", "A new migration in the tool's own format."),
    Entry("drift", "operate", "A database against what its migrations say."),
    Entry("init", "set up", "Write midair.toml from what was detected."),
    Entry("config", "set up", "Show or check the effective settings."),
    Entry("completion", "set up", "The completion script for a shell."),
    Entry("demo", "set up", "The main job, on a small shop and its own server."),
)
