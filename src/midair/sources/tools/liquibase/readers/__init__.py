"""One reader a format: a file's text becomes nodes.

Takes text and its path, gives the root node. May import: `model`, `errors`, the format's parser. Must
not know: what a node means.
"""
