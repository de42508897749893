"""The one exception family. The library raises; only command lines print and exit."""


MAX_CHARACTERS = 1000
"""Of an error; what names and values from damaged files add beyond that is left out of its middle."""


class MonofuseError(Exception):
    """Base of every error this project raises on purpose: one line that says what is wrong and what to do."""

    exit_code = 1

    def __str__(self) -> str:
        text = super().__str__().replace("\r", " ").replace("\n", " ")
        half = MAX_CHARACTERS // 2
        return text if len(text) <= MAX_CHARACTERS else f"{text[:half]} ... {text[-half:]}"


class BadInputError(MonofuseError):
    """Something the user handed over cannot be used."""

    exit_code = 2


class SourceError(BadInputError):
    """An image source that is missing, empty, or changes its nature half-way."""


class CalibrationError(BadInputError):
    """A calibration that is missing, incomplete, or does not fit the images."""


class UnknownCameraError(CalibrationError):
    """A source without any calibration, whose focal length has to be estimated."""


class NetworkError(BadInputError):
    """A depth network that cannot be loaded, has the wrong shape, or predicts nothing usable."""


class UnusableRuntimeError(NetworkError):
    """What should run the network cannot do it on this machine, or not this network: another runtime may."""


class OutputError(BadInputError):
    """A result that cannot be written."""


class MissingPackageError(BadInputError):
    """An optional package that this choice of options needs."""

    def __init__(self, package: str, needed_for: str):
        super().__init__(f"{needed_for} needs the package {package}: pip install {package}")


def one_line(error: BaseException | str, most: int = 300) -> str:
    """A message, or that of an exception, in one line of at most so many characters."""
    return " ".join(str(error).split())[:most]
