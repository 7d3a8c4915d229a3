#!/bin/sh
# Install Chromium for the browser tests where it is missing; the distribution's own package.
set -eu
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium"
    apt-get update -q >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -qy chromium >/dev/null
else
    echo "The browser tests need Chromium. On Debian: sudo apt-get install chromium" >&2
    exit 1
fi
