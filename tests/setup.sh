# SPDX-License-Identifier: GPL-2.0-or-later
#
# For run and check: install what is missing, configure, build. Silent about what is there.

packages_build="gcc libc6-dev meson ninja-build pkg-config python3 binutils acpica-tools xorriso
    libglib2.0-dev libjansson-dev libpng-dev libpixman-1-dev libseccomp-dev libslirp-dev
    libx86emu-dev zlib1g-dev libxkbcommon-dev xkb-data libncurses-dev libsdl2-dev
    seabios ipxe-qemu"
packages_check="$packages_build grub-rescue-pc ipxe iproute2 tshark
    xvfb xdotool tigervnc-viewer chromium novnc"

# setup_packages build|check: install the packages of that list that are not there.
setup_packages()
{
    local list="packages_$1" package missing=()

    for package in ${!list}; do
        if [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" != installed ]; then
            missing+=("$package")
        fi
    done
    if [ ${#missing[@]} -eq 0 ]; then
        return
    fi
    local sudo=
    if [ "$(id -u)" != 0 ]; then
        sudo=sudo
    fi
    echo "installing: ${missing[*]}"
    $sudo apt-get -qq update
    DEBIAN_FRONTEND=noninteractive $sudo apt-get -qq -y install --no-install-recommends \
        "${missing[@]}" >/dev/null
}

# setup_build FOLDER [MESON OPTIONS]: configure once, build what changed of $targets (all, if there
# are none); output only on failure.
setup_build()
{
    local folder=$1 log
    shift
    log=$(mktemp)
    if ! { [ -f "$folder/build.ninja" ] || meson setup "$folder" "$@"; } >"$log" 2>&1 ||
            ! ninja -C "$folder" ${targets:-} >>"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
