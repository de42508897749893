"""Words for people."""


def counted(count: int, noun: str) -> str:
    """`1 keyframe`, `2,000 keyframes`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
