#!/usr/bin/env bash
# Brings what the tests need beyond Node: programs of Debian and its kin, in groups.
#
#   scripts/bring.sh                     every group
#   scripts/bring.sh compressors qemu    those that are named
#   scripts/bring.sh --check             installs nothing, says what is missing
#
# It looks before it installs: where everything is there, it takes a fraction of a second and needs
# neither root nor a network. Exit 0 when everything is there at the end, 1 when something is
# missing, 2 for a group that it does not know.
set -uo pipefail

# NAME of a group, then one part a line: what is looked for, and the package that brings it.
# What is looked for is a program, or a function below whose name begins with `has_`.
groups() {
  cat <<'PARTS'
compressors zstd                zstd
compressors xz                  xz-utils
compressors bzip2               bzip2
compressors lzop                lzop
compilers   gcc                 gcc
compilers   has_libc_headers    libc6-dev
compilers   has_gcc_sanitizer   gcc
compilers   clang               clang
compilers   has_clang_sanitizer libclang-rt-dev
compilers   llvm-symbolizer     llvm
compilers   afl-fuzz            afl++
qemu        qemu-system-x86_64  qemu-system-x86
browser     chromium            chromium
PARTS
}

has_libc_headers() {
  command -v gcc >/dev/null && echo '#include <stdlib.h>' | gcc -E -x c - >/dev/null 2>&1
}

# A compiler prints the bare name of a file that it does not have.
has_gcc_sanitizer() {
  [ -e "$(gcc -print-file-name=libasan.so 2>/dev/null)" ]
}

has_clang_sanitizer() {
  [ -e "$(clang -print-file-name="libclang_rt.fuzzer-$(uname -m).a" 2>/dev/null)" ]
}

is_there() {
  case $1 in
    has_*) "$1" ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# missing GROUP...: the lines of `groups` that do not hold on this machine.
missing() {
  local group part package
  while read -r group part package; do
    case " $* " in *" $group "*) is_there "$part" || echo "$group $part $package" ;; esac
  done < <(groups)
}

install() {
  local -a root=()
  command -v apt-get >/dev/null || {
    echo 'bring.sh installs with apt-get, which this machine does not have' >&2
    return 1
  }
  [ "$(id -u)" -eq 0 ] || root=(sudo -n)
  # An old list names versions that the mirror has dropped; the list is brought only when needed.
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive \
      apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

only_check=false
wanted=()
known=$(groups | awk '!seen[$1]++ { print $1 }')
for argument in "$@"; do
  if [ "$argument" = --check ]; then
    only_check=true
  elif grep -qx -e "$argument" <<<"$known"; then
    wanted+=("$argument")
  else
    echo "bring.sh: no group ${argument@Q}; there are" $known >&2
    exit 2
  fi
done
[ "${#wanted[@]}" -gt 0 ] || mapfile -t wanted <<<"$known"

lacking=$(missing "${wanted[@]}")
if [ -n "$lacking" ] && [ "$only_check" = false ]; then
  mapfile -t packages < <(awk '!seen[$3]++ { print $3 }' <<<"$lacking")
  echo "bringing ${packages[*]}"
  install "${packages[@]}" || echo 'apt-get did not succeed' >&2
  hash -r
  lacking=$(missing "${wanted[@]}")
fi

if [ -n "$lacking" ]; then
  while read -r group part package; do
    echo "missing: $part (group $group, package $package)" >&2
  done <<<"$lacking"
  exit 1
fi
echo "everything is there: ${wanted[*]}"
