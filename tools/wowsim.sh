#!/bin/sh
# What a bin link named wowsim points at (npm link, npm install -g ., a symlink in ~/bin): finds the checkout it belongs
# to, and the Bun installed there or on the PATH, so that it works from any folder with nothing but this link.
self=$0
while [ -h "$self" ]; do
  target=$(readlink "$self")
  case $target in
    /*) self=$target ;;
    *) self=$(dirname "$self")/$target ;;
  esac
done
tools=$(cd "$(dirname "$self")" && pwd -P)
bun=$tools/../node_modules/.bin/bun
[ -x "$bun" ] || bun=$(command -v bun) || {
  echo "wowsim: there is no Bun; run npm install (or bun install) in $(dirname "$tools")" >&2
  exit 1
}
exec "$bun" "$tools/../server/wowsim.ts" "$@"
