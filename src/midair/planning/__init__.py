"""Which migrations are pending, in what order, as which steps.

Takes migrations and what is applied, gives a `Plan`. May import: `dialects`, `model`, `errors`. Must
not know: which tool wrote the migrations.
"""
