"""Pictures: paintings, posters, printed pages, book spines, screens, clocks, and views out of windows."""

import cv2
import numpy as np

from sequences.synthetic.materials.noise import blend, fractal, grid, ink, smooth_step, to_linear, varied
from sequences.synthetic.materials.texture import Texture

SIZE = 256, 256
WORDS = ("north light", "atlas", "slow rivers", "room", "the map", "geometry", "tides", "signal", "garden", "stone",
         "optics", "harbour", "winter", "notes on", "volume", "parallax", "field", "echo", "motion", "horizon")
COVERS = ((0.20, 0.26, 0.40), (0.48, 0.17, 0.18), (0.22, 0.35, 0.26), (0.72, 0.60, 0.42), (0.85, 0.82, 0.74),
          (0.18, 0.18, 0.20),
          (0.50, 0.52, 0.54), (0.76, 0.58, 0.24), (0.24, 0.45, 0.48), (0.60, 0.34, 0.22), (0.42, 0.32, 0.44))


def landscape(rng: np.random.Generator) -> Texture:
    """Hills in haze under a coloured sky, a sun or a moon, and trees."""
    x, y = grid(SIZE)
    top, low = varied(rng, (0.35, 0.5, 0.7), 0.25), varied(rng, (0.92, 0.78, 0.62), 0.12)
    image = blend(top, low, smooth_step(0.0, 0.65, y))
    image = blend(image, (0.97, 0.93, 0.8), smooth_step(0.06, 0.05, np.hypot(x - rng.uniform(0.2, 0.8), y - 0.28)))
    hill = varied(rng, [(0.2, 0.33, 0.27), (0.38, 0.27, 0.22), (0.2, 0.25, 0.4)][rng.integers(3)], 0.2)
    for k in range(5):
        ridge = 0.42 + 0.11 * k + 0.05 * fractal(rng, (1, SIZE[1]), 1.4)[0]
        shade = blend(low, hill, np.full(SIZE, 0.35 + 0.15 * k))
        image = blend(image, shade * (1 + 0.1 * fractal(rng, SIZE, 1.0, (3, 1)))[..., None], y > ridge[None])
    return Texture(to_linear(image * (1 + 0.05 * fractal(rng, SIZE, 0.7))[..., None]))


def abstract(rng: np.random.Generator) -> Texture:
    """Overlapping discs, bars and arcs in a few colours."""
    ground = varied(rng, (0.88, 0.84, 0.76), 0.08)
    image = np.empty((*SIZE, 3), np.float32)
    image[:] = ground
    inks = [ink(rng) for _ in range(5)]
    for _ in range(int(rng.integers(9, 16))):
        colour = tuple(float(c) for c in inks[rng.integers(5)])
        centre = tuple(int(c) for c in rng.integers(0, 256, 2))
        kind = rng.integers(3)
        if kind == 0:
            cv2.circle(image, centre, int(rng.integers(10, 60)), colour, int(rng.choice([-1, -1, 6])), cv2.LINE_AA)
        elif kind == 1:
            angle, size = rng.uniform(0, 180), (float(rng.integers(20, 160)), float(rng.integers(6, 50)))
            corners = cv2.boxPoints(((float(centre[0]), float(centre[1])), size, angle)).astype(np.int32)
            cv2.fillPoly(image, [corners], colour, cv2.LINE_AA)
        else:
            cv2.ellipse(image, centre, (int(rng.integers(20, 80)),) * 2, rng.uniform(0, 360), 0, 180, colour, 5,
                        cv2.LINE_AA)
    return Texture(to_linear(image * (1 + 0.06 * fractal(rng, SIZE, 0.9))[..., None]))


def poster(rng: np.random.Generator) -> Texture:
    """A printed sheet: a picture above lines of type."""
    art = (landscape if rng.random() < 0.5 else abstract)(rng).image ** (1 / 2.2)
    ground, dark = varied(rng, (0.9, 0.87, 0.8), 0.06), varied(rng, (0.15, 0.15, 0.2), 0.3)
    image = np.empty((*SIZE, 3), np.float32)
    image[:] = ground
    image[16:170, 16:240] = cv2.resize(art, (224, 154), interpolation=cv2.INTER_AREA)
    _write(rng, image, 24, 205, 1.0, dark, 2)
    for line in range(2):
        _write(rng, image, 24, 226 + 16 * line, 0.42, dark, 1)
    return Texture(to_linear(image * (1 + 0.03 * fractal(rng, SIZE, 1.2))[..., None]))


def chart(rng: np.random.Generator) -> Texture:
    """A map or a diagram: contour lines, roads, labels."""
    height = fractal(rng, SIZE, 1.9)
    land, water = varied(rng, (0.86, 0.84, 0.7), 0.05), varied(rng, (0.55, 0.7, 0.78), 0.06)
    image = blend(land, water, smooth_step(-0.45, -0.5, height))
    contour = smooth_step(0.12, 0.05, np.abs(height * 3 % 1 - 0.5) * 2 - 0.02)
    image = np.ascontiguousarray(blend(image, (0.6, 0.45, 0.3), 0.5 * contour))
    for _ in range(5):
        path = np.cumsum(rng.normal(0, 22, (12, 2)), 0) + rng.uniform(0, 256, 2)
        cv2.polylines(image, [path.astype(np.int32)], False, (0.7, 0.2, 0.15), 2, cv2.LINE_AA)
    for _ in range(9):
        _write(rng, image, int(rng.integers(0, 190)), int(rng.integers(10, 250)), 0.38, (0.1, 0.1, 0.12), 1)
    return Texture(to_linear(image))


def page(rng: np.random.Generator) -> Texture:
    """A printed page: headline, columns of text, sometimes a figure."""
    image = np.empty((*SIZE, 3), np.float32)
    image[:] = varied(rng, (0.92, 0.91, 0.87), 0.02)
    _write(rng, image, 20, 36, 0.85, (0.1, 0.1, 0.1), 2)
    for row in range(56, 244, 9):
        start = 20
        while start < 225:
            width = int(rng.integers(6, 30))
            image[row:row + 4, start:min(start + width, 236)] = 0.25 + 0.1 * rng.random()
            start += width + 5
    if rng.random() < 0.6:
        image[120:190, 120:236] = cv2.resize(abstract(rng).image ** (1 / 2.2), (116, 70), interpolation=cv2.INTER_AREA)
    return Texture(to_linear(image))


def book_spines(rng: np.random.Generator, count: int) -> Texture:
    """`count` spines (a power of two) side by side, each with bands, a title and its own cloth."""
    width, height = 32, 256
    image = np.empty((height, width * count, 3), np.float32)
    cloth = fractal(rng, (height, width * count), 0.5)
    for k in range(count):
        colour = varied(rng, COVERS[rng.integers(len(COVERS))], 0.12)
        print_colour = (0.88, 0.8, 0.58) if colour.mean() < 0.45 else (0.12, 0.1, 0.12)
        upright = np.empty((width, height, 3), np.float32)
        upright[:] = colour
        for band in rng.integers(6, 250, rng.integers(2, 5)):
            upright[:, band:band + int(rng.integers(2, 7))] = print_colour
        _write(rng, upright, int(rng.integers(30, 70)), 22, 0.62, print_colour, 1)
        upright[:2] *= 0.55
        upright[-2:] *= 0.7
        image[:, k * width:(k + 1) * width] = np.rot90(upright, -1)
    return Texture(to_linear(image * (1 + 0.07 * cloth)[..., None]))


def screen(rng: np.random.Generator) -> Texture:
    """A lit display: windows with text on a picture."""
    image = np.ascontiguousarray((landscape(rng).image ** (1 / 2.2)) * 0.8)
    for _ in range(3):
        x, y, w, h = rng.integers(5, 120), rng.integers(5, 120), rng.integers(80, 130), rng.integers(70, 130)
        image[y:y + h, x:x + w] = varied(rng, (0.13, 0.15, 0.2), 0.3)
        image[y:y + 10, x:x + w] = (0.75, 0.76, 0.8)
        for row in range(y + 16, y + h - 4, 9):
            colour = [(0.85, 0.85, 0.82), (0.4, 0.75, 0.5), (0.85, 0.6, 0.3), (0.45, 0.65, 0.9)][rng.integers(4)]
            image[row:row + 4, x + 6 * int(rng.integers(1, 5)):x + w - int(rng.integers(8, 70))] = colour
    return Texture(to_linear(image))


def clock_face(rng: np.random.Generator) -> Texture:
    """Twelve marks and two hands."""
    image = np.empty((*SIZE, 3), np.float32)
    image[:] = varied(rng, (0.9, 0.88, 0.82), 0.05)
    for hour in range(12):
        s, c = np.sin(hour * np.pi / 6), np.cos(hour * np.pi / 6)
        inner = 88 if hour % 3 else 76
        cv2.line(image, (int(128 + inner * s), int(128 - inner * c)), (int(128 + 112 * s), int(128 - 112 * c)),
                 (0.1, 0.1, 0.1), 5 if hour % 3 else 10, cv2.LINE_AA)
    for length, width, angle in ((60, 9, rng.uniform(0, 6.28)), (98, 6, rng.uniform(0, 6.28))):
        end = int(128 + length * np.sin(angle)), int(128 - length * np.cos(angle))
        cv2.line(image, (128, 128), end, (0.12, 0.1, 0.1), width, cv2.LINE_AA)
    return Texture(to_linear(image))


def outdoors(rng: np.random.Generator) -> Texture:
    """What a window shows: clouds, roofs and trees."""
    size = 512, 512
    _, y = grid(size)
    image = blend((0.62, 0.78, 0.95), (0.93, 0.95, 0.97), smooth_step(0.0, 0.6, y))
    image = blend(image, (0.98, 0.98, 0.98), 0.8 * smooth_step(0.1, 1.4, fractal(rng, size, 1.7, (0.6, 1.2))))
    image = np.ascontiguousarray(image)
    left = 0
    while left < 512:
        width, top = int(rng.integers(60, 130)), int(rng.integers(250, 350))
        wall = varied(rng, (0.72, 0.62, 0.52), 0.15)
        image[top:, left:left + width - 6] = wall
        roof = np.array([(left - 6, top), (left + width, top), (left + width // 2, top - int(rng.integers(20, 60)))],
                        np.int32)
        cv2.fillPoly(image, [roof], tuple(float(c) for c in varied(rng, (0.5, 0.28, 0.22), 0.15)), cv2.LINE_AA)
        for row in range(top + 14, 500, 40):
            for column in range(left + 10, left + width - 24, 26):
                image[row:row + 20, column:column + 12] = (0.3, 0.35, 0.42)
        left += width
    crown = 0.68 + 0.07 * fractal(rng, (1, size[1]), 1.2)[0]
    leaves = np.array((0.25, 0.4, 0.2)) * (1 + 0.3 * fractal(rng, size, 0.9))[..., None]
    return Texture(to_linear(blend(image, leaves, y > crown[None])))


def _write(rng, image, x, y, scale, colour, thickness):
    """Put random words on an image with their baseline starting at (x, y)."""
    text = " ".join(rng.choice(WORDS, 2)).upper() if rng.random() < 0.4 else str(rng.choice(WORDS))
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.putText(mask, text, (x, y), cv2.FONT_HERSHEY_DUPLEX, scale, 255, thickness, cv2.LINE_AA)
    share = mask[..., None] / np.float32(255)
    image += share * (np.asarray(colour, np.float32) - image)
