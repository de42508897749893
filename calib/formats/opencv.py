"""Matrices that OpenCV's FileStorage wrote: YAML, XML or JSON, under the names its samples and their kin use."""

import cv2
import numpy as np

from calib.base.errors import CalibrationError
from calib.base.opencv_log import silence
from calib.formats.document import Document
from calib.geometry.calibration import Calibration, camera_from, known_distortion, without_depth

MATRIX_NAMES = ("camera_matrix", "Camera_Matrix", "cameraMatrix", "CameraMatrix", "intrinsic_matrix", "mtx", "K", "M1",
                "K1", "cameraMatrix1")
DISTORTION_NAMES = ("distortion_coefficients", "Distortion_Coefficients", "dist_coeffs", "distCoeffs", "dist_coeff",
                    "distortion", "dist", "D", "D1", "distCoeffs1")
SIZE_NAMES = (("image_width", "image_height"), ("image_Width", "image_Height"), ("imageWidth", "imageHeight"),
              ("width", "height"))

silence()


def recognises(document: Document) -> bool:
    return "opencv-matrix" in document.text or "opencv_storage" in document.text


def read(document: Document) -> Calibration:
    """Document -> Calibration. Raises CalibrationError."""
    storage = open_storage(document.text)
    K, distortion = _matrix(storage, MATRIX_NAMES), _matrix(storage, DISTORTION_NAMES)
    if K is None or K.size != 9:
        raise CalibrationError(f"this has no camera matrix under one of the names {', '.join(MATRIX_NAMES)}")
    flags = [storage.getNode(name) for name in ("fisheye_model", "fisheye")]
    is_fisheye = any(flag.isInt() and flag.real() for flag in flags)
    fx, _, cx, _, fy, cy = K.ravel()[:6].tolist()
    distortion = [] if distortion is None else distortion.ravel().tolist()
    camera = camera_from(_size(storage), (fx, fy, cx, cy), known_distortion(distortion),
                         "fisheye" if is_fisheye else "pinhole")
    return without_depth(camera)


def open_storage(text: str) -> cv2.FileStorage:
    """Text of a file -> cv2.FileStorage. Raises CalibrationError."""
    try:
        storage = cv2.FileStorage(text, cv2.FILE_STORAGE_READ | cv2.FILE_STORAGE_MEMORY)
        opened = storage.isOpened()
    except (cv2.error, SystemError) as error:
        raise CalibrationError("this is damaged: OpenCV cannot read it") from error
    if not opened:
        raise CalibrationError("this is damaged: OpenCV cannot read it")
    return storage


def _matrix(storage, names):
    """(rows, columns) float64 of the first name that holds a matrix, or None."""
    for name in names:
        node = storage.getNode(name)
        try:
            matrix = None if node.empty() or not node.isMap() else node.mat()
        except cv2.error as error:
            raise CalibrationError(f"{name} is damaged") from error
        if matrix is not None and np.all(np.isfinite(matrix)):
            return matrix.astype(float)
    return None


def _size(storage):
    for names in SIZE_NAMES:
        nodes = [storage.getNode(name) for name in names]
        if not any(node.empty() for node in nodes):
            return [node.real() for node in nodes]
    for name in ("image_size", "imageSize", "size"):
        node = storage.getNode(name)
        if node.isSeq() and node.size() == 2:
            return [node.at(0).real(), node.at(1).real()]
    raise CalibrationError("this does not say how large the images are: add image_width and image_height")
