# Notebooks and the prediction app, for amd64 and arm64. tests/house/dockerfile.py runs these steps
# where there is no Docker.
#   docker build -t pneuma .
#   docker run --rm -p 5001:5000 pneuma          then open the address that it prints, with port 5001
FROM debian:bookworm-slim AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    gcc libc6-dev cmake ninja-build pkg-config liblua5.4-dev libopenblas-dev libstb-dev \
    libcmark-gfm-dev libcmark-gfm-extensions-dev libjansson-dev libyaml-dev libxxhash-dev \
    libhdf5-dev libmicrohttpd-dev libseccomp-dev
WORKDIR /src
COPY . .
RUN cmake --preset release -DPNEUMA_TESTS=OFF && cmake --build --preset release \
    && cmake --install build --prefix /opt/pneuma

FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    liblua5.4-0 libopenblas0-pthread libcmark-gfm0.29.0.gfm.6 libcmark-gfm-extensions0.29.0.gfm.6 \
    libjansson4 libyaml-0-2 libxxhash0 libhdf5-103-1 libmicrohttpd12 libseccomp2 gnuplot-nox \
    fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/* && useradd --create-home --uid 1000 pneuma
COPY --from=build /opt/pneuma /opt/pneuma
ENV PATH=/opt/pneuma/bin:$PATH PNEUMA_CACHE=/tmp/pneuma
# Notebooks and models are mounted here: -v "$PWD/out:/work/out"
WORKDIR /work
USER pneuma
EXPOSE 5000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5000; printf 'GET /healthz HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3; grep -q '\"ok\"' <&3"]
ENTRYPOINT ["pneuma"]
CMD ["app", "--host", "0.0.0.0"]
