#!/bin/sh
# install.sh CMAKE BUILD PREFIX: installs BUILD into PREFIX anew, with folders that only the owner can write to.
set -eu
umask 022
rm -rf "$3"
"$1" --install "$2" --prefix "$3"
