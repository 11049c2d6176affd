"""Imported for its effect, by the process that worker processes are forked from: all they need, before there are any."""

import gc

import distributed  # noqa: F401
import sklearn.datasets
import sklearn.decomposition  # noqa: F401
import torch._dynamo  # noqa: F401  the first optimiser imports it, in two seconds

import ae_core.execution
import ae_core.side_process  # noqa: F401

gc.collect()
gc.freeze()  # a collection in a worker would touch all of it, and what is touched is no longer shared
