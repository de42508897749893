"""Agreement with a teacher about shapes, whatever its scale."""

from torch import Tensor


def shape(predicted: Tensor, taught: Tensor) -> Tensor:
    """Mean absolute difference of log depths (B, 1, h, w) after the median of each image's, plus that of neighbours'.

    A teacher's scale is that of its own training data, which ground truth knows better; its shapes are worth learning
    (Ranftl 2020, section 3, does the same with the depth of differently scaled datasets).
    """
    difference = predicted - taught
    centred = difference - difference.flatten(1).median(1).values[:, None, None, None].detach()
    across = (difference[..., :, 1:] - difference[..., :, :-1]).abs().mean()
    down = (difference[..., 1:, :] - difference[..., :-1, :]).abs().mean()
    return centred.abs().mean() + across + down
