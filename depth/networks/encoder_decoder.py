"""The plainest kind of network: an encoder, and a decoder of its deepest features."""

from torch import Tensor, nn

from depth.networks.image_input import Normalise, require_size


class EncoderDecoder(nn.Module):
    """(B, 3, h, w) -> what `decoder` makes of it. With `size`, (height, width), no other images are accepted."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, size: tuple[int, int] | None = None) -> None:
        super().__init__()
        self.normalise = Normalise()
        self.encoder = encoder
        self.decoder = decoder
        self.size = size

    def forward(self, rgb: Tensor) -> Tensor:
        if self.size:
            require_size(rgb, self.size)
        return self.decoder(self.encoder(self.normalise(rgb))[-1])
