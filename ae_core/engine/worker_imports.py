"""Imported for its effect, by the process that worker processes are forked from: all they need, before there
are any.
"""

import gc
import importlib
import pkgutil

import distributed  # noqa: F401
import sklearn.datasets
import sklearn.decomposition  # noqa: F401
import torch._dynamo  # noqa: F401  the first optimiser imports it, in two seconds

import ae_core.engine.side_process
import ae_core.looks
from ae_core.looks import keys

for found in pkgutil.iter_modules(ae_core.looks.__path__, "ae_core.looks."):
    importlib.import_module(found.name)
keys.source()  # read once, for all workers
gc.collect()
gc.freeze()  # a collection in a worker would touch all of it, and what is touched is no longer shared
