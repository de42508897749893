# monofuse on a CPU:  docker build -t monofuse .  &&  docker run --rm -v "$PWD:/work" monofuse run room.mp4
# On an NVIDIA GPU, with TensorRT; the driver is the host's, CUDA comes with the packages:
#   docker build --build-arg EXTRAS=viewer,tensorrt --build-arg TORCH=torch==2.13.0 -t monofuse:gpu .
#   docker run --rm --gpus all -v "$PWD:/work" monofuse:gpu run room.mp4
# Two stages, so that neither pip's cache nor the sources are in the image.
FROM python:3.12-slim AS build
COPY pyproject.toml constraints.txt README.md LICENSE /source/
COPY calib /source/calib
COPY depth /source/depth
COPY monofuse /source/monofuse
COPY sequences /source/sequences
COPY slam /source/slam
ARG EXTRAS=viewer
# The network learns a recording with torch, whose CPU build is a tenth of the other.
ARG TORCH="torch==2.13.0+cpu"
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
RUN python -m venv /opt/monofuse
RUN /opt/monofuse/bin/pip install --no-cache-dir -c /source/constraints.txt --extra-index-url "$TORCH_INDEX" "/source[$EXTRAS]" "$TORCH" onnx

FROM python:3.12-slim
# What numba loads.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/monofuse /opt/monofuse
ENV PATH=/opt/monofuse/bin:$PATH XDG_CACHE_HOME=/cache NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
RUN useradd --create-home monofuse && mkdir /cache /work && chown monofuse /cache /work
USER monofuse
# Kernels are compiled here and not at the first start of every container.
RUN python -c "from monofuse.warm_up import warm_up; from slam.config import SlamConfig; warm_up(SlamConfig.for_network()); warm_up(SlamConfig.for_sensor())"
WORKDIR /work
ENTRYPOINT ["monofuse"]
CMD ["--help"]
