"""Image retrieval among keyframes by binary descriptors, without a trained vocabulary.

Each descriptor gives a few words, each made of some of its bits (locality-sensitive hashing, Gionis 1999), so similar
descriptors mostly share one. Keyframes are scored by the words that they share with an image, rare ones weighing more
(Sivic and Zisserman 2003). A query reads one bit per word and keyframe; apart from that, cost does not grow with the
run.
"""

from dataclasses import dataclass

import numpy as np

DESCRIPTOR_BITS = 256


@dataclass(frozen=True)
class AppearanceConfig:
    """Settings of AppearanceIndex."""

    tables: int = 8
    """Words per descriptor."""
    word_bits: int = 12
    """Bits of a descriptor that make a word."""


class AppearanceIndex:
    """Descriptors of all keyframes, by row."""

    def __init__(self, config: AppearanceConfig):
        rng = np.random.default_rng(0)
        self.bits = np.stack([rng.choice(DESCRIPTOR_BITS, config.word_bits, replace=False)
                              for _ in range(config.tables)])
        self.vocabulary = config.tables << config.word_bits
        self.offsets = np.arange(config.tables) << config.word_bits
        self.occurs = np.zeros((self.vocabulary, 8), np.uint8)
        """One bit per word and keyframe."""
        self.seen_in = np.zeros(self.vocabulary, np.int32)
        self.word_counts = []

    def __len__(self) -> int:
        return len(self.word_counts)

    def words(self, descriptors: np.ndarray) -> np.ndarray:
        """Descriptors (n, 32) uint8 -> their different words, sorted"""
        unpacked = np.unpackbits(descriptors, axis=1)[:, self.bits]
        return np.unique(unpacked @ (1 << np.arange(self.bits.shape[1])) + self.offsets)

    def add(self, descriptors: np.ndarray) -> None:
        """Add the next keyframe by its descriptors (n, 32) uint8."""
        words, row = self.words(descriptors), len(self)
        if row == 8 * self.occurs.shape[1]:
            self.occurs = np.concatenate([self.occurs, np.zeros_like(self.occurs)], axis=1)
        self.occurs[words, row // 8] |= 1 << (7 - row % 8)
        self.seen_in[words] += 1
        self.word_counts.append(max(len(words), 1))

    def scores(self, descriptors: np.ndarray) -> np.ndarray:
        """Descriptors (n, 32) uint8 -> (K,) similarity of each keyframe, 0 for nothing in common"""
        words = self.words(descriptors)
        words = words[self.seen_in[words] > 0]
        rarity = np.log((len(self) + 1) / self.seen_in[words]).astype(np.float32)
        occurs = np.unpackbits(self.occurs[words], axis=1, count=len(self)).view(bool)
        return rarity @ occurs / np.sqrt(self.word_counts)
