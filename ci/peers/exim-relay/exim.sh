# shellcheck shell=bash
# What up, run and down of this relay share: to be sourced, not run.
. "$here/../../targets/lib.sh"

# exim ROOT WORD...: runs it in its namespace.
exim() {
  local root=$1
  shift
  inside "$root" exim4 "$@"
}
