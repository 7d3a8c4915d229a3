"""How is an image doubled in size and convolved, without convolving every pixel four times?"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d


def convolve_doubled(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A 3x3 convolution of x after every pixel was repeated 2x2: (N, C, h, w) -> (N, C', 2 h, 2 w).

    An output pixel sees 2x2 different pixels of x, so each of the four places in a 2x2 block is a 2x2 convolution
    of x itself: 4 products where 9 were. Its kernel sums the weights that meet the same pixel.
    """
    samples, _channels, height, width = x.shape
    layout = torch.channels_last if x.is_contiguous(memory_format=torch.channels_last) else torch.contiguous_format
    shape = (samples, weight.shape[0], 2 * height, 2 * width)
    out = torch.empty(shape, dtype=x.dtype, device=x.device, memory_format=layout)
    wide = weight.float()
    for row in range(2):
        rows = _merged(wide, row, dim=2)
        for column in range(2):
            kernel = _merged(rows, column, dim=3).to(weight.dtype, memory_format=layout)
            place = conv2d(x, kernel, bias, padding=1)  # (N, C', h + 1, w + 1)
            out[:, :, row::2, column::2] = place[:, :, row : row + height, column : column + width]
    return out


def _merged(weight: Tensor, place: int, dim: int) -> Tensor:
    """Three weights along `dim` -> the two for the first (0) or second (1) pixel of a pair."""
    first, middle, last = weight.unbind(dim)
    pair = (first, middle + last) if place == 0 else (first + middle, last)
    return torch.stack(pair, dim)
