# Two stages on Debian bookworm: the first builds and runs every test by the script the README
# names, the second holds the program, its configurations and nothing that builds.
FROM debian:bookworm-slim AS build
WORKDIR /tapeline
COPY . .
RUN ./tests/run

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends \
    libsimdjson14 libzstd1 libspdlog1.10 libfmt9 libyaml-cpp0.7 zlib1g libncurses6 ncurses-base \
  && rm -rf /var/lib/apt/lists/* \
  && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin tapeline \
  && install -d -o tapeline -g tapeline /var/lib/tapeline
COPY --from=build /tapeline/build/release/app/tapeline /usr/local/bin/tapeline
COPY --from=build /tapeline/configs /etc/tapeline
USER 10001
WORKDIR /var/lib/tapeline
HEALTHCHECK --interval=10s --timeout=5s CMD ["tapeline", "healthcheck"]
ENTRYPOINT ["tapeline"]
CMD ["run", "/etc/tapeline/container.yaml"]
