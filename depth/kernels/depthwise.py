"""What the weights of a depthwise convolution should have been: its gradient with respect to them."""

from depth.kernels.compile import kernel


@kernel
def add_weight_gradient(padded, gradient, stride, total):
    """Adds to `total` (k, k, channels) the sums over images and places of input times output gradient.

    `padded` (B, h, w, channels) float32 input with its padding, `gradient` (B, h', w', channels) float32 of the output.
    """
    batch, height, width, channels = gradient.shape
    side = total.shape[0]
    for image in range(batch):
        for v in range(height):
            for u in range(width):
                of_output = gradient[image, v, u]
                for dv in range(side):
                    for du in range(side):
                        of_input = padded[image, v * stride + dv, u * stride + du]
                        weight = total[dv, du]
                        for channel in range(channels):
                            weight[channel] += of_output[channel] * of_input[channel]
