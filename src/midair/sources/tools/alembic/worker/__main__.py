"""Loads the worker under a name that no project has, and starts it."""

import importlib.util
import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
if sys.path and os.path.abspath(sys.path[0]) in (_HERE, os.path.abspath(__file__)):
    del sys.path[0]  # before anything else is imported: a file beside this one is no module of the project


def _package():
    spec = importlib.util.spec_from_file_location(
        "midair_worker", os.path.join(_HERE, "__init__.py"), submodule_search_locations=[_HERE]
    )
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["midair_worker"] = made
    spec.loader.exec_module(made)
    return importlib.import_module("midair_worker.main")


if __name__ == "__main__":
    code = _package().main()
    sys.stderr.flush()
    os._exit(code)  # threads that the project left running must not keep the worker
