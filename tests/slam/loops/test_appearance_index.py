"""slam.loops.appearance_index: descriptors nearly the same are found, others are not, however many there are."""

import numpy as np

from slam.loops.appearance_index import AppearanceConfig, AppearanceIndex

RNG = np.random.default_rng(0)
PLACES = RNG.integers(0, 256, (150, 300, 32), np.uint8)


def seen_again(descriptors, flipped_bits, share):
    """This share of the descriptors with some bits flipped, among new ones."""
    again = RNG.integers(0, 256, descriptors.shape, np.uint8)
    kept = int(share * len(descriptors))
    noise = np.zeros((kept, 256), np.uint8)
    for row in noise:
        row[RNG.choice(256, flipped_bits, replace=False)] = 1
    again[:kept] = descriptors[:kept] ^ np.packbits(noise, axis=1)
    return again


def filled():
    index = AppearanceIndex(AppearanceConfig())
    for descriptors in PLACES:
        index.add(descriptors)
    return index


def test_a_place_is_found_by_a_quarter_of_its_features():
    index = filled()
    assert len(index) == len(PLACES)
    for place in (0, 63, 64, 149):
        scores = index.scores(seen_again(PLACES[place], flipped_bits=25, share=0.25))
        assert scores.shape == (len(PLACES),) and scores.argmax() == place


def test_what_all_places_have_counts_for_nothing():
    index, common = AppearanceIndex(AppearanceConfig()), RNG.integers(0, 256, (400, 32), np.uint8)
    for descriptors in PLACES[:20]:
        index.add(np.concatenate([descriptors[:50], common]))
    scores = index.scores(np.concatenate([common, PLACES[5, :30]]))
    assert scores.argmax() == 5 and scores[5] > 1.5 * np.delete(scores, 5).max()


def test_images_without_features_are_like_nothing():
    index = AppearanceIndex(AppearanceConfig())
    nothing = np.zeros((0, 32), np.uint8)
    assert index.scores(nothing).shape == (0,)
    index.add(nothing)
    index.add(PLACES[0])
    assert np.array_equal(index.scores(nothing), [0, 0]) and index.scores(PLACES[0])[0] == 0


def test_a_keyframe_is_one_bit_of_each_word_however_many_there_are():
    rng = np.random.default_rng(4)
    all_of = rng.integers(0, 256, (70, 20, 32), dtype=np.uint8)
    index = AppearanceIndex(AppearanceConfig())
    for descriptors in all_of:
        index.add(descriptors)
    assert index.occurs.nbytes <= 4096 * 128
    words = [index.words(descriptors) for descriptors in all_of]
    seen_in = np.bincount(np.concatenate(words), minlength=index.vocabulary)
    expected = [np.log(71 / seen_in[np.intersect1d(words[66], own)]).sum() / np.sqrt(len(own)) for own in words]
    np.testing.assert_allclose(index.scores(all_of[66]), expected, rtol=1e-5)
