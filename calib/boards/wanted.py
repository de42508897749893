"""What a camera must still be shown, while it is being calibrated."""

from calib.base.errors import CalibrationError
from calib.boards.solution import solve
from calib.boards.variety import doubts, missing_views
from calib.boards.views import ViewCollection

MIN_VIEWS_TO_SOLVE = 20


class Wanted:
    """Tells what is missing. From MIN_VIEWS_TO_SOLVE views on the camera is solved for after each new one: nobody shall
    walk away before the board has leaned as it must."""

    def __init__(self, collection: ViewCollection, lens: str):
        self.collection, self.lens = collection, lens
        self._doubts, self._solved_for = [], 0

    def reasons(self) -> list[str]:
        """Lines as of calib.boards.variety; none when it is enough."""
        views, size = self.collection.views, self.collection.size
        missing = missing_views(views, size)
        if missing:
            return missing
        if len(views) < MIN_VIEWS_TO_SOLVE:
            return [f"{MIN_VIEWS_TO_SOLVE - len(views)} more views: lean the board in all directions"]
        if self._solved_for != len(views):
            self._solved_for = len(views)
            try:
                self._doubts = doubts(solve(self.collection.board, views, size, self.lens), size)
            except CalibrationError as error:
                self._doubts = [str(error)]
        return self._doubts
