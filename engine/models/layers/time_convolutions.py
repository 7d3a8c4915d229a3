"""How do the frames of a film hear of each other? By convolutions along time (arXiv:2304.08818, sec. 3.1).

Frames are samples of a batch, film by film: (B T, C, h, w); films are (B, C, T, h, w).
"""

from __future__ import annotations

from torch import Tensor, nn

from engine.models.layers.unet_config import NORM_GROUPS


def as_films(frames: Tensor, count: int) -> Tensor:
    """(B T, C, h, w) -> (B, C, T, h, w), T = count."""
    return frames.unflatten(0, (-1, count)).transpose(1, 2)


def as_frames(films: Tensor) -> Tensor:
    """(B, C, T, h, w) -> (B T, C, h, w)."""
    return films.transpose(1, 2).flatten(0, 1)


def along_time(channels: int) -> nn.Conv3d:
    """A convolution of each cell with itself in the frame before and in the next."""
    return nn.Conv3d(channels, channels, (3, 1, 1), padding=(1, 0, 0))


class TimeConvolutions(nn.Module):
    """Two convolutions along time beside a shortcut, the time embedding added between them where there is one."""

    def __init__(self, channels: int, time_channels: int = 0) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(nn.GroupNorm(NORM_GROUPS, channels), nn.SiLU(inplace=True), along_time(channels))
        if time_channels:
            self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(time_channels, channels))
        self.out_layers = nn.Sequential(
            nn.GroupNorm(NORM_GROUPS, channels), nn.SiLU(inplace=True), nn.Identity(), along_time(channels)
        )

    def forward(self, films: Tensor, time: Tensor | None = None) -> Tensor:
        """films (B, C, T, h, w), time (B T, time_channels) -> (B, C, T, h, w)."""
        h = self.in_layers(films)
        if time is not None:
            h = h + as_films(self.emb_layers(time)[:, :, None, None], films.shape[2])
        return self.out_layers(h) + films
