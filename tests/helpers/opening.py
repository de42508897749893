"""A sample opened as a source, and the one line with which a source is refused."""

import pytest

from calib.base.errors import BadInputError
from sequences.catalogue import open_sequence
from sequences.sequence import SourceOptions


def opened(sample, **options):
    return open_sequence(str(sample.source), SourceOptions(**{"depth_every": int(sample.has_depth)} | options))


def refusal(source, **options):
    with pytest.raises(BadInputError) as caught:
        list(open_sequence(str(source), SourceOptions(**options)))
    assert "\n" not in str(caught.value) and caught.value.exit_code == 2
    return str(caught.value)
