"""Training: batches of examples, a small training loop with its history, and files of parameters.

Nothing here is needed to train: the loop is zero_grad, forward, backward, step. `fit` is that loop with what one would
otherwise write again each time: batches, a progress bar, validation, Ctrl-C, and a stop at the first nan.
"""

from autograd_lite.training.batches import Batches, split
from autograd_lite.training.files import load, save
from autograd_lite.training.finite import NotFiniteError
from autograd_lite.training.history import History
from autograd_lite.training.loop import Progress, fit
from autograd_lite.training.stopping import EarlyStopping

__all__ = ["Batches", "EarlyStopping", "History", "NotFiniteError", "Progress", "fit", "load", "save", "split"]
