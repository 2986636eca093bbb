# The server and the demo in one image. The Bun version is the one package.json pins; test/e2e/packaging.test.ts compares.
#
#   docker build -t wowsim .
#   docker run --rm wowsim demo --auto
#   docker run --rm --init --name wowsim -e WOWSIM_TOKEN -p 127.0.0.1:8080-8082:8080-8082 -p 127.0.0.1:9090:9090/udp wowsim

FROM oven/bun:1.4.5-slim AS build
WORKDIR /app
COPY package.json bun.lock bunfig.toml tsconfig.json ./
RUN bun install --frozen-lockfile --production
COPY assembly assembly
COPY server server
COPY tools tools
# The kernel as it is served; and the one folder that a running server writes to.
RUN bun run build && mkdir -p .wowsim

FROM oven/bun:1.4.5-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=build /app /app
# The demo compiles its candidate kernels itself, so what it runs as must own these two folders, and nothing else.
COPY --from=build --chown=bun:bun /app/assembly/build /app/assembly/build
COPY --from=build --chown=bun:bun /app/.wowsim /app/.wowsim
USER bun
EXPOSE 8080 8081 8082 9090/udp
# Every zone ticks. One that hangs or falls is begun again by the server within seconds: three looks in a row find only what it
# can not mend by itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["bun", "-e", "process.exit((await fetch('http://127.0.0.1:8082/readyz?zone=all')).ok ? 0 : 1)"]
ENTRYPOINT ["bun", "server/wowsim.ts"]
# Off loopback the control port asks for a token: without WOWSIM_TOKEN the server refuses to start and says so.
CMD ["serve", "--host", "0.0.0.0"]
