"""Hot loops, compiled by numba for one CPU thread with the GIL released.

    alignment, pyramid                          what tracking samples and minimises
    surfel_arrays, render, fuse, merge          the map: how it lies in memory, seen from a camera, changed
    normals, geometry                           per pixel and per point
    photometric_bundle, stereo, consistency     depth of keyframes from other keyframes
    contradiction                               what moves
    descriptors, reprojection_bundle,
    settled_points                              all keyframes and feature tracks
    tsdf, smoothing, rasterise                  meshes and pictures of them
    compile                                     how all of them are compiled

Each takes and fills plain arrays, many of them in NamedTuples that are defined next to the kernel (so that the compile
cache, which hashes this folder, notices when their fields change). Each is checked in the tests: against a float64
NumPy reference, finite differences, or shapes that are known.
"""
