"""An application hammers a shop while migrations run: once as written, once online.

Takes a number of rows and seconds; gives what the application felt, as values. The load generator is
of use to anyone who measures. May import: `rehearsal` (the throwaway server), `database`, `reporting`
(its values), `model`, `errors`. Must not know: how midair works inside; it runs `midair` as anyone would.
"""
