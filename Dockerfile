# monofuse on a CPU:  docker build -t monofuse .  &&  docker run --rm -v "$PWD:/work" monofuse run room.mp4
# On an NVIDIA GPU, with TensorRT; the driver is the host's, CUDA comes with the packages:
#   docker build --build-arg EXTRAS=viewer,tensorrt --build-arg TORCH=torch==2.13.0 \
#     --build-arg TORCH_INDEX= -t monofuse:gpu .
#   docker run --rm --gpus all -v "$PWD:/work" monofuse:gpu run room.mp4
# Two stages, so that what only building needs is not in the image.
FROM python:3.12-slim AS base
# What numba loads.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*

FROM base AS build
COPY pyproject.toml constraints.txt README.md LICENSE /source/
COPY calib /source/calib
COPY depth /source/depth
COPY monofuse /source/monofuse
COPY sequences /source/sequences
COPY slam /source/slam
ARG EXTRAS=viewer
# The network learns a recording with torch, whose CPU build is a tenth of the other. Its index is left out for the other:
# where pip finds a +cpu it takes that for torch==2.13.0, too.
ARG TORCH="torch==2.13.0+cpu"
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/monofuse
RUN /opt/monofuse/bin/pip install --no-cache-dir --no-compile -c /source/constraints.txt ${TORCH_INDEX:+--extra-index-url $TORCH_INDEX} "/source[$EXTRAS]" "$TORCH" onnx
# A fifth of it all is tests of others, what C++ programs need of torch, a second build of zstandard and pip itself.
RUN cd /opt/monofuse/lib/python3*/site-packages && rm -rf torch/test torch/include numba/tests onnx/backend/test zstandard/_cffi.*.so pip pip-*.dist-info && find torch/bin -type f ! -name torch_shm_manager -delete && find scipy sympy networkx numpy -name tests -prune -exec rm -rf {} + && find . -name "*.pyi" -delete
# numba keeps what it compiles for as long as the time of the source stays the same, and images hold whole seconds.
RUN find /opt/monofuse -name "*.py" -exec touch -d 2020-01-01 {} +
# Kernels, and the bytecode of what a run imports, are compiled here and not at the first start of every container.
RUN XDG_CACHE_HOME=/cache /opt/monofuse/bin/python -c "import onnx, onnxruntime, torch, monofuse.run; from monofuse.warm_up import warm_up; from slam.config import SlamConfig; warm_up(SlamConfig.for_network()); warm_up(SlamConfig.for_sensor())"

FROM base
RUN useradd --create-home monofuse && mkdir /work && chown monofuse /work
COPY --from=build /opt/monofuse /opt/monofuse
COPY --from=build --chown=monofuse /cache /cache
ENV PATH=/opt/monofuse/bin:$PATH XDG_CACHE_HOME=/cache NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER monofuse
WORKDIR /work
ENTRYPOINT ["monofuse"]
CMD ["--help"]
